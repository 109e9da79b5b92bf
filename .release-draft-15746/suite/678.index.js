export const id = 678;
export const ids = [678];
export const modules = {

/***/ 45678:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  "default": () => (/* binding */ src)
});

// EXTERNAL MODULE: ./packages/action-kit/src/action.ts + 8 modules
var action = __webpack_require__(11728);
// EXTERNAL MODULE: ./packages/ledger/src/unfinished.ts
var unfinished = __webpack_require__(79938);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./node_modules/zod/v4/core/core.js
var core = __webpack_require__(88532);
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
// EXTERNAL MODULE: ./packages/rollout/src/percent.ts
var percent = __webpack_require__(25148);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/traffic-weight/src/inputs.ts



const vector = schemas/* string */.YjP().transform((text, context) => {
    const entries = text.split(/[\s,]+/).filter(Boolean).map((part) => part.split('='));
    const weights = Object.fromEntries(entries.map(([member = '', share = '']) => [member, (0,percent/* parsePercent */.lo)(share)]));
    const total = Object.values(weights).reduce((sum, points) => sum + (points ?? Number.NaN), 0);
    if (entries.every((entry) => entry.length === 2) && total === percent/* WHOLE */.Ef)
        return weights;
    context.addIssue({ code: 'custom', message: 'is no vector of weights; write every member and 100% in all, like blue=90%,green=10%' });
    return core/* NEVER */.tm;
});
const inputs = schemas/* strictObject */.rej({
    mode: schemas/* enum */.k5n(['set', 'get', 'restore', 'drain', 'switch']).describe('set | get | restore | drain | switch').meta({ example: 'get' }),
    router: schemas/* string */.YjP().optional().describe('YAML as traffic.canary.router of rollout.yml; with it no rollout.yml is read'),
    arms: schemas/* string */.YjP().optional().describe('YAML as arms of rollout.yml; with router'),
    weights: vector.optional().describe('with set: every member and its share').meta({ example: 'blue=90%,green=10%' }),
    member: schemas/* string */.YjP().optional().describe('with drain: who gets nothing; with switch: who gets everything (default: who has nothing)'),
    'expected-current': vector.optional().describe('refuse to write unless this is what the router holds'),
    'restore-point': schemas/* string */.YjP().optional().describe('with restore: the output restore-point of an earlier step').meta({ example: '{"blue":"100%","green":"0%"}' }),
    settle: duration/* duration */.p0.default(1_000).describe('after the write: when it is read once more; default 1s'),
    timeout: duration/* duration */.p0.default(30_000).describe('until when the write must have taken effect; default 30s'),
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    service: common_inputs/* commonInputs */.j.service.optional(),
    environment: common_inputs/* commonInputs */.j.environment.optional(),
    version: common_inputs/* commonInputs */.j.version.optional(),
    digest: common_inputs/* commonInputs */.j.digest.optional(),
    transaction: common_inputs/* commonInputs */.j.transaction.optional(),
    'dry-run': common_inputs/* commonInputs */.j['dry-run'],
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/config/src/sections.ts
var sections = __webpack_require__(5654);
// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/ledger/src/forward.ts
var forward = __webpack_require__(46666);
// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
// EXTERNAL MODULE: ./packages/ledger/src/begin.ts
var begin = __webpack_require__(60874);
// EXTERNAL MODULE: ./packages/ledger/src/transaction-file.ts
var transaction_file = __webpack_require__(86570);
// EXTERNAL MODULE: ./packages/rollout/src/weights.ts
var weights = __webpack_require__(12468);
// EXTERNAL MODULE: ./packages/traffic/src/registry.ts
var registry = __webpack_require__(1238);
// EXTERNAL MODULE: ./packages/traffic/src/shift.ts
var shift = __webpack_require__(22285);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
;// CONCATENATED MODULE: ./actions/traffic-weight/src/wanted.ts


/** The vector that the inputs ask for, given what the router holds. @throws InputError */
function wantedWeights(inputs, current) {
    if (inputs['expected-current'] && !(0,weights/* sameWeights */.ML)(inputs['expected-current'], current))
        throw new errors/* InputError */.dz([{ where: 'input `expected-current`', message: `expects ${(0,weights/* formatWeights */.V7)(inputs['expected-current'])}, but the router holds ${(0,weights/* formatWeights */.V7)(current)}; nothing was written` }]);
    switch (inputs.mode) {
        case 'get':
            return current;
        case 'set':
            return known(inputs.weights ?? missing('weights', 'for example blue=90%,green=10%'), current);
        case 'restore':
            return known(recorded(inputs['restore-point'] ?? missing('restore-point', 'the output of an earlier step')), current);
        case 'drain':
            return drained(member(inputs.member ?? missing('member', `one of ${Object.keys(current).join(', ')}`), current), current);
        case 'switch':
            return switched(inputs.member ?? idle(current), current);
    }
}
function missing(input, allowed) {
    throw new errors/* InputError */.dz([{ where: `input \`${input}\``, message: `is missing; give ${allowed}` }]);
}
function known(wanted, current) {
    for (const name of Object.keys(wanted))
        member(name, current);
    return Object.fromEntries(Object.keys(current).map((name) => [name, wanted[name] ?? 0]));
}
function member(name, current) {
    if (name in current)
        return name;
    throw new errors/* InputError */.dz(`the router has no member ${name}; it has ${Object.keys(current).join(', ')}`);
}
/** The share of the drained member goes to the others in proportion to theirs, or evenly when they have none. */
function drained(name, current) {
    const others = Object.fromEntries(Object.entries(current).filter(([other]) => other !== name));
    const none = Object.values(others).every((points) => points === 0);
    const shares = none ? Object.fromEntries(Object.keys(others).map((other) => [other, 1])) : others;
    return { ...Object.fromEntries(Object.keys(current).map((other) => [other, 0])), ...(0,weights/* apportion */.fc)(shares, percent/* WHOLE */.Ef) };
}
function switched(name, current) {
    const to = member(name, current);
    return Object.fromEntries(Object.keys(current).map((other) => [other, other === to ? percent/* WHOLE */.Ef : 0]));
}
function idle(current) {
    const names = Object.entries(current).filter(([, points]) => points === 0).map(([name]) => name);
    return names.length === 1 && names[0] !== undefined ? names[0] : missing('member', `who gets everything: ${(0,weights/* formatWeights */.V7)(current)} has no single idle member`);
}
function recorded(text) {
    try {
        const parsed = JSON.parse(text);
        const weights = Object.fromEntries(Object.entries(parsed).map(([name, share]) => [name, (0,percent/* parsePercent */.lo)(share)]));
        if (Object.values(weights).reduce((sum, points) => sum + (points ?? Number.NaN), 0) === percent/* WHOLE */.Ef)
            return weights;
    }
    catch {
        // Said below: the same mistake either way.
    }
    throw new errors/* InputError */.dz([{ where: 'input `restore-point`', message: `${JSON.stringify(text.slice(0, 100))} is no restore point; it is JSON such as {"blue":"100%","green":"0%"}` }]);
}

;// CONCATENATED MODULE: ./actions/traffic-weight/src/main.ts






/** Sets, reads or restores the weights of one router; leaves a restore point first. */
async function main(inputs, ports) {
    const place = await readPlace(inputs, ports);
    const router = await (0,registry/* openRouter */.Y)(place.settings, ports, place.arms);
    const before = await router.read(ports.signal);
    const wanted = wantedWeights(inputs, before.weights);
    if (inputs.mode === 'get')
        return conclude('read', before, before, ports);
    if ((0,weights/* sameWeights */.ML)(before.weights, wanted))
        return conclude('unchanged', before, before, ports);
    if (inputs['dry-run']) {
        ports.log.info(`would change ${(0,weights/* formatWeights */.V7)(before.weights)} to ${(0,weights/* formatWeights */.V7)(wanted)}`);
        return { outcome: 'would-change', reason: `would set ${(0,weights/* formatWeights */.V7)(wanted)}`, before: percents(before.weights), changed: false };
    }
    const after = await write(inputs, place, router, before, wanted, ports);
    return conclude('changed', before, after, ports);
}
async function readPlace(inputs, ports) {
    if (inputs.router !== undefined) {
        const arms = inputs.arms === undefined ? ['blue', 'green'] : (await sections/* sections */.V.arms(inputs.arms)).names;
        const settings = await sections/* sections */.V.router(inputs.router);
        // Reading needs no target; a write is recorded under one.
        const target = inputs.mode === 'get' && inputs.service === undefined ? { service: '', region: '', environment: '', correlationId: '' } : (0,src_target/* bareTarget */.yS)(inputs, ports.context);
        return { target, settings, arms };
    }
    const target = await (0,src_target/* configuredTarget */.sn)(inputs, ports.context);
    const { service, region, environment } = target;
    ports.evidence.about({ service, region, environment });
    const config = await target.config();
    return { target, settings: config.traffic.canary.router, arms: config.arms.names, config: { path: target.file.path, digest: target.file.digest } };
}
/** Within the transaction of the job, or in one of its own that is committed when the write has held. */
async function write(inputs, place, router, before, wanted, ports) {
    const options = { timeoutMs: inputs.timeout, settleMs: inputs.settle, pollMs: 1_000 };
    if (inputs.transaction !== undefined) {
        const { record, ledger } = await (0,forward/* joinTransaction */.R)(inputs.transaction, ports.context);
        ports.evidence.about({ transaction: record.id });
        await (0,forward/* mustBeOpen */.z)((0,open_ledger/* openLedger */.a)(ledger, record.service, ports), record);
        return (0,shift/* shift */.BN)(router, wanted, before, ports, options);
    }
    const ledger = (0,open_ledger/* openLedger */.a)(inputs.ledger, place.target.service, ports);
    const own = await (0,begin/* beginTransaction */.CR)({ ...place.target, ledgerSpec: inputs.ledger, ledger, release: (0,src_target/* releaseOf */.l7)(inputs), router: place.settings, arms: place.arms, ...(place.config ? { config: place.config } : {}), anyWeights: true, dryRun: false }, ports);
    ports.evidence.about({ transaction: own.record.id });
    const after = await (0,shift/* shift */.BN)(router, wanted, before, ports, options);
    await ledger.mark(own.record.id, 'committed', `weights set to ${(0,weights/* formatWeights */.V7)(wanted)}`);
    await (0,transaction_file/* saveJobTransaction */.hG)(ports.context.temp, { ...own, state: 'committed' });
    return after;
}
const percents = (weights) => Object.fromEntries(Object.entries(weights).map(([name, points]) => [name, (0,percent/* formatPercent */.l9)(points)]));
function conclude(outcome, before, after, ports) {
    const reason = outcome === 'changed' ? `${(0,weights/* formatWeights */.V7)(before.weights)} became ${(0,weights/* formatWeights */.V7)(after.weights)}` : `the router holds ${(0,weights/* formatWeights */.V7)(after.weights)}`;
    ports.log.info(reason);
    ports.evidence.facts({ before: before.weights, after: after.weights, effective: after.effective });
    const rows = Object.keys(after.members).map((name) => [name, (0,percent/* formatPercent */.l9)(before.weights[name] ?? 0), (0,percent/* formatPercent */.l9)(after.weights[name] ?? 0), (0,percent/* formatPercent */.l9)(after.effective[name] ?? 0)]);
    ports.summary.add(`### Traffic ${outcome}\n\n${(0,markdown/* escapeText */.X1)(reason)}.\n\n${(0,markdown/* table */.tp)(['Member', 'Before', 'After', 'In effect'], rows)}`);
    return {
        outcome,
        reason,
        before: percents(before.weights),
        after: percents(after.weights),
        effective: percents(after.effective),
        'restore-point': percents(before.weights),
        changed: outcome === 'changed',
    };
}

;// CONCATENATED MODULE: ./actions/traffic-weight/src/outputs.ts

const outputs_percents = schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* string */.YjP());
const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['changed', 'unchanged', 'read', 'would-change', 'invalid', 'failed', 'error', 'cancelled'])
        .describe('changed | unchanged | read; would-change with dry-run; invalid | failed | error | cancelled when it did not succeed'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    before: outputs_percents.optional().describe('JSON: the weights as found, in percent'),
    after: outputs_percents.optional().describe('JSON: the weights as read back'),
    effective: outputs_percents.optional().describe('JSON: what health and rounding make of them'),
    'restore-point': outputs_percents.optional().describe('JSON: what mode: restore takes to put this back'),
    changed: schemas/* boolean */.zMY().optional().describe('true when something was written'),
});

;// CONCATENATED MODULE: ./actions/traffic-weight/src/index.ts





/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'traffic-weight', inputs: inputs, outputs: outputs, main: main, post: unfinished/* restoreUnfinishedTraffic */.j }));


/***/ }),

/***/ 5654:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   V: () => (/* binding */ sections)
/* harmony export */ });
/* harmony import */ var yaml__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(38815);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_8__ = __webpack_require__(32716);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_checks__WEBPACK_IMPORTED_MODULE_9__ = __webpack_require__(56596);
/* harmony import */ var _deploy_actions_metrics__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(11718);
/* harmony import */ var _deploy_actions_notifiers__WEBPACK_IMPORTED_MODULE_10__ = __webpack_require__(39184);
/* harmony import */ var _deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(1238);
/* harmony import */ var _load__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(81895);
/* harmony import */ var _meaning__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(33563);
/* harmony import */ var _place__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(86563);
/* harmony import */ var _schema__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(92869);











/** Parses the YAML of an input that holds a section of rollout.yml; places are counted within the input. */
async function parseSection(input, text, schemaFor, check) {
    const lines = new yaml__WEBPACK_IMPORTED_MODULE_0__/* .LineCounter */ .HN();
    const document = (0,yaml__WEBPACK_IMPORTED_MODULE_0__/* .parseDocument */ .Tp)(text, { lineCounter: lines, prettyErrors: false });
    const source = { path: `input \`${input}\``, document, lines };
    if (document.errors.length > 0)
        throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .InputError */ .dz(document.errors.map(({ message }) => ({ where: source.path, message })));
    const value = document.toJS();
    const schema = await schemaFor(value);
    const parsed = schema.safeParse(value);
    const problems = parsed.success ? ((await check?.(parsed.data)) ?? []) : (0,_place__WEBPACK_IMPORTED_MODULE_2__/* .problemsOf */ .GW)(source, schema, parsed.error.issues);
    if (problems.length > 0 || !parsed.success)
        throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .InputError */ .dz(problems);
    return parsed.data;
}
const values = (value) => (typeof value === 'object' && value !== null ? Object.values(value) : []);
/** The sections of rollout.yml that an action takes as an input of its own. @throws InputError */
const sections = {
    router: (text) => parseSection('router', text, async (value) => (await (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .providerSchema */ .$4)(_deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_4__/* .routers */ .L, [value]))),
    arms: (text) => parseSection('arms', text, () => _schema__WEBPACK_IMPORTED_MODULE_5__/* .arms */ ._7),
    stages: (text) => parseSection('stages', text, () => _schema__WEBPACK_IMPORTED_MODULE_5__/* .stages */ ._$),
    analysis: (text) => parseSection('analysis', text, () => _schema__WEBPACK_IMPORTED_MODULE_5__/* .analysis */ .HS),
    metrics: (text) => parseSection('metrics', text, async (value) => (0,_schema__WEBPACK_IMPORTED_MODULE_5__/* .metrics */ .qd)(await (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .providerSchema */ .$4)(_deploy_actions_metrics__WEBPACK_IMPORTED_MODULE_6__/* .sources */ .T, values(value?.sources))), async (value) => {
        const problems = [];
        await (0,_meaning__WEBPACK_IMPORTED_MODULE_7__/* .checkQueries */ .j)({ metrics: value }, (path, message) => problems.push({ where: 'input `metrics`', message: `${path.slice(1).join('.')}: ${message}` }));
        return problems;
    }),
    checks: (text) => parseSection('checks', text, async (value) => zod__WEBPACK_IMPORTED_MODULE_8__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_8__/* .string */ .YjP(), (await (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .providerSchema */ .$4)(_deploy_actions_checks__WEBPACK_IMPORTED_MODULE_9__/* .checks */ .A, values(value))))),
    sinks: (text) => parseSection('sinks', text, async (value) => zod__WEBPACK_IMPORTED_MODULE_8__/* .array */ .YOg((0,_schema__WEBPACK_IMPORTED_MODULE_5__/* .notification */ .Ew)(await (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .providerSchema */ .$4)(_deploy_actions_notifiers__WEBPACK_IMPORTED_MODULE_10__/* .notifiers */ .y, Array.isArray(value) ? value : [])))),
};


/***/ }),

/***/ 60874:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $A: () => (/* binding */ restorePointArtifact),
/* harmony export */   CR: () => (/* binding */ beginTransaction),
/* harmony export */   cb: () => (/* binding */ leftOpen),
/* harmony export */   fK: () => (/* binding */ RESTORE_POINT_FILE)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_fs_promises__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1___default = /*#__PURE__*/__webpack_require__.n(node_path__WEBPACK_IMPORTED_MODULE_1__);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(12468);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(55029);
/* harmony import */ var _deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(1238);
/* harmony import */ var _ledger__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(71454);
/* harmony import */ var _transaction_file__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(86570);







/**
 * Reads everything that will be written, uploads it as the restore-point artifact, and only then opens the record:
 * whoever dies in between leaves nothing that must be undone.
 * @throws InputError when neither arm carries all traffic, LiveTransaction when another run holds the target
 */
async function beginTransaction(request, ports) {
    const router = await (0,_deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_2__/* .openRouter */ .Y)(request.router, ports, request.arms);
    const state = await router.read(ports.signal);
    const arms = (0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_3__/* .findArms */ .BI)(state.weights) ?? (request.anyWeights ? byShare(state.weights) : undefined);
    if (!arms)
        throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__/* .InputError */ .dz(`neither arm of ${request.service} in ${request.region} carries all the traffic: the router holds ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_3__/* .formatWeights */ .V7)(state.weights)}; nothing was written. Put all of it on the arm that serves, then start again`);
    // In the order in which to restore: traffic first.
    const restore = [{ kind: 'traffic', router: 'canary', weights: state.weights }, ...((await request.snapshot?.(arms)) ?? [])];
    const previous = (await (0,_ledger__WEBPACK_IMPORTED_MODULE_5__/* .newestCommitted */ .nc)(request.ledger, request.environment))?.record.release;
    const record = _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_6__/* .transactionRecord */ .g.parse({
        v: 1,
        id: await nextId(request, ports),
        service: request.service,
        region: request.region,
        environment: request.environment,
        release: request.release,
        ...(previous ? { previous } : {}),
        commit: ports.context.sha,
        ...(request.config ? { config: request.config } : {}),
        run: { id: ports.context.runId, attempt: ports.context.attempt, workflowRef: ports.context.workflowRef, actor: ports.context.actor },
        correlationId: request.correlationId,
        openedAt: ports.clock.now().toISOString(),
        restore,
    });
    const transaction = { record, settings: { router: request.router, arms }, ledger: request.ledgerSpec, state: 'open' };
    if (request.dryRun)
        return transaction;
    if (request.ledgerSpec === 'github')
        await upload(transaction, ports);
    await request.ledger.open(record);
    await (0,_transaction_file__WEBPACK_IMPORTED_MODULE_7__/* .saveJobTransaction */ .hG)(ports.context.temp, transaction);
    return transaction;
}
/** The arm with more traffic counts as the baseline where neither has all of it. */
function byShare(weights) {
    const [baseline = '', canary = ''] = Object.entries(weights)
        .sort(([, a], [, b]) => b - a)
        .map(([arm]) => arm);
    return { baseline, canary };
}
/** The transaction of this very run that an earlier attempt left open, if there is one: it is restored before a new one begins. */
async function leftOpen(ledger, environment, runId) {
    const entry = await (0,_ledger__WEBPACK_IMPORTED_MODULE_5__/* .newest */ .BP)(ledger, environment);
    return entry && entry.record.run.id === runId && (entry.state === 'open' || entry.state === 'restoring') ? entry.record : undefined;
}
async function nextId({ service, region }, { context }) {
    const own = (await (0,_transaction_file__WEBPACK_IMPORTED_MODULE_7__/* .readJobTransactions */ .Pz)(context.temp)).filter(({ record }) => record.service === service && record.region === region);
    return `${context.runId}-${context.attempt}-${service}-${region}-${own.length + 1}`;
}
/** The artifact that restorers compare the record with; its name is found by the id. */
const restorePointArtifact = (id) => `restore-point-${id}`;
const RESTORE_POINT_FILE = 'restore-point.json';
async function upload({ record, settings }, { artifacts, context }) {
    const folder = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(context.temp, 'deploy-actions', 'restore-points', record.id);
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdir)(folder, { recursive: true });
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, RESTORE_POINT_FILE), JSON.stringify({ record, settings }, null, 2));
    await artifacts.upload(restorePointArtifact(record.id), folder, [RESTORE_POINT_FILE]);
}


/***/ })

};
