export const id = 295;
export const ids = [295];
export const modules = {

/***/ 42295:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  "default": () => (/* binding */ src)
});

// EXTERNAL MODULE: ./packages/action-kit/src/action.ts + 8 modules
var action = __webpack_require__(11728);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/coerce.js
var coerce = __webpack_require__(49567);
// EXTERNAL MODULE: ./packages/action-kit/src/inputs.ts
var inputs = __webpack_require__(88200);
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/health-gate/src/inputs.ts



const inputs_inputs = schemas/* strictObject */.rej({
    mode: schemas/* enum */.k5n(['gate', 'watch']).default('gate').describe('gate: hold until green; watch: stay and fail when a check stays red'),
    gate: schemas/* enum */.k5n(['before', 'after-deploy', 'after-rollout']).optional().describe('a gate of rollout.yml: its checks and times'),
    checks: schemas/* string */.YjP().optional().describe('YAML as checks of rollout.yml; with it no rollout.yml is read'),
    'green-for': duration/* duration */.p0.optional().describe('how long all must be green without a break; default 0s: one round'),
    timeout: duration/* duration */.p0.optional().describe('when the gate says no; default 15m'),
    interval: duration/* duration */.p0.optional().describe('between two rounds; default 15s'),
    attempts: coerce/* number */.ai().int().min(1).optional().describe('at most so many rounds'),
    'fail-fast': (0,inputs/* flag */.Jt)(false).describe('a check that is red for good ends the gate at once'),
    'on-timeout': schemas/* enum */.k5n(['fail', 'inconclusive']).default('fail').describe('verdict when the time is over; only fail ends the step as failed'),
    for: duration/* duration */.p0.optional().describe('with watch: how long'),
    'fail-after': coerce/* number */.ai().int().min(1).default(3).describe('with watch: red rounds in a row that fail it'),
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    version: common_inputs/* commonInputs */.j.version.optional(),
    image: common_inputs/* commonInputs */.j.image.optional(),
    digest: common_inputs/* commonInputs */.j.digest.optional(),
    transaction: common_inputs/* commonInputs */.j.transaction.optional(),
    secrets: common_inputs/* commonInputs */.j.secrets,
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/checks/src/registry.ts
var registry = __webpack_require__(56596);
// EXTERNAL MODULE: ./packages/checks/src/gate.ts
var gate = __webpack_require__(54248);
// EXTERNAL MODULE: ./packages/config/src/sections.ts
var sections = __webpack_require__(5654);
// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/ledger/src/forward.ts
var forward = __webpack_require__(46666);
// EXTERNAL MODULE: ./packages/ledger/src/ledger.ts
var ledger = __webpack_require__(71454);
// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
;// CONCATENATED MODULE: ./actions/health-gate/src/main.ts





const DEFAULTS = { timeout: (0,duration/* parseDuration */.E9)('15m'), interval: (0,duration/* parseDuration */.E9)('15s'), 'green-for': 0 };
/** Holds until everything named is green, or watches that it stays so. */
async function main(inputs, ports) {
    if (inputs.mode === 'watch' && inputs.for === undefined)
        throw new errors/* InputError */.dz([{ where: 'input `for`', message: 'is missing; with mode: watch it says how long, for example 30m' }]);
    const plan = await planGate(inputs, ports);
    const checks = new Map();
    const checkPorts = { http: ports.http, process: ports.process, workspace: ports.context.workspace, variables: plan.variables };
    for (const [name, settings] of plan.checks)
        checks.set(name, await (0,registry/* openCheck */.X)(settings, checkPorts));
    const result = await run(inputs, plan, checks, ports);
    return conclude(plan, result, ports);
}
function run(inputs, { times }, checks, ports) {
    const { clock, signal, log } = ports;
    const pace = { clock, signal, log, intervalMs: inputs.interval ?? times.interval };
    if (inputs.mode === 'watch')
        return (0,gate/* watchChecks */.n)(checks, { ...pace, forMs: inputs.for, failAfter: inputs['fail-after'] });
    return (0,gate/* holdUntilGreen */.H)(checks, {
        ...pace,
        greenForMs: inputs['green-for'] ?? times['green-for'],
        timeoutMs: inputs.timeout ?? times.timeout,
        ...(inputs.attempts === undefined ? {} : { attempts: inputs.attempts }),
        failFast: inputs['fail-fast'],
        onTimeout: inputs['on-timeout'],
    });
}
async function planGate(inputs, ports) {
    if (inputs.checks !== undefined) {
        const checks = await sections/* sections */.V.checks(inputs.checks);
        return { title: inputs.mode, checks: new Map(Object.entries(checks)), times: DEFAULTS, variables: {} };
    }
    if (inputs.gate === undefined)
        throw new errors/* InputError */.dz([{ where: 'inputs `checks` and `gate`', message: 'give one: checks as YAML, or gate (before | after-deploy | after-rollout) of rollout.yml' }]);
    const transaction = inputs.transaction === undefined ? undefined : await (0,forward/* joinTransaction */.R)(inputs.transaction, ports.context);
    const release = transaction?.record.release;
    const target = await (0,src_target/* configuredTarget */.sn)({ ...inputs, ...release }, ports.context);
    const { service, region, environment } = target;
    ports.evidence.about({ service, region, environment, ...(transaction ? { transaction: transaction.record.id } : {}) });
    // Before the transaction there is no arm; after a region is done, its live arm is what the ledger says.
    const arms = transaction?.settings.arms;
    const arm = arms?.canary ?? (inputs.gate === 'before' ? undefined : await liveArm(inputs, service, environment, ports));
    const config = await target.config(arm === undefined ? {} : { arm });
    const gate = config.gates[inputs.gate];
    const names = gate?.checks ?? [];
    return {
        title: inputs.gate,
        checks: new Map(names.map((name) => [name, config.checks[name]])),
        times: gate ?? DEFAULTS,
        variables: (0,src_target/* scriptVariables */.RF)(target, { ...inputs, ...release }, ports.context, arm === undefined ? undefined : { arm, baseline: arms?.baseline ?? arm, canary: arms?.canary ?? arm }),
    };
}
/** The arm that the newest committed transaction put all traffic on: the one that its restore point gave nothing. */
async function liveArm(inputs, service, environment, ports) {
    const entry = await (0,ledger/* newestCommitted */.nc)((0,open_ledger/* openLedger */.a)(inputs.ledger, service, ports), environment);
    const traffic = entry?.record.restore.find((point) => point.kind === 'traffic');
    return traffic && Object.entries(traffic.weights).find(([, points]) => points === 0)?.[0];
}
function conclude({ title }, { verdict, reason, checks, greenSince }, ports) {
    ports.log.info(`${title}: ${verdict}: ${reason}`);
    ports.evidence.facts({ verdict, checks, greenSince });
    const rows = checks.map(({ name, state, since, attempts, detail }) => [name, state, since, String(attempts), detail]);
    const changes = checks.flatMap(({ name, changes }) => changes.map(({ at, state, detail }) => [at, name, state, detail]));
    const timeline = changes.length > checks.length ? ['', '**Changes**', '', (0,markdown/* table */.tp)(['When', 'Check', 'State', 'Detail'], changes.sort(([a = ''], [b = '']) => a.localeCompare(b)))] : [];
    ports.summary.add([`### Gate ${(0,markdown/* escapeText */.X1)(title)}: ${verdict}`, '', `${(0,markdown/* escapeText */.X1)(reason)}.`, '', ...(rows.length > 0 ? [(0,markdown/* table */.tp)(['Check', 'State', 'Since', 'Tries', 'Last'], rows)] : []), ...timeline].join('\n'));
    const outputs = { verdict, reason, checks, ...(greenSince === undefined ? {} : { 'green-since': greenSince }) };
    if (verdict === 'fail')
        throw new errors/* GateFailed */.jG(`${title}: ${reason}`, { outputs });
    return { outcome: verdict === 'pass' ? 'green' : 'inconclusive', ...outputs };
}

;// CONCATENATED MODULE: ./actions/health-gate/src/outputs.ts

const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['green', 'inconclusive', 'invalid', 'failed', 'error', 'cancelled']).describe('green | inconclusive; invalid | failed | error | cancelled when it did not succeed'),
    verdict: schemas/* enum */.k5n(['pass', 'fail', 'inconclusive', 'error']).describe('pass | fail | inconclusive | error'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    checks: schemas/* array */.YOg(schemas/* unknown */.L5J()).optional().describe('JSON: state, since, last value and attempts of each check'),
    'green-since': schemas/* string */.YjP().optional().describe('since when everything has been green'),
});

;// CONCATENATED MODULE: ./actions/health-gate/src/index.ts




/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'health-gate', inputs: inputs_inputs, outputs: outputs, main: main }));


/***/ }),

/***/ 54248:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   H: () => (/* binding */ holdUntilGreen),
/* harmony export */   n: () => (/* binding */ watchChecks)
/* harmony export */ });
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51125);

async function holdUntilGreen(checks, options) {
    const { clock, signal, greenForMs, timeoutMs, attempts = Infinity } = options;
    const timelines = start(checks, clock);
    const began = clock.now().getTime();
    let greenSince;
    for (let rounds = 1;; rounds++) {
        const fatal = await round(checks, timelines, options);
        const now = clock.now().getTime();
        const green = timelines.every(({ state }) => state === 'green');
        greenSince = green ? (greenSince ?? now) : undefined;
        const checksNow = { checks: timelines, ...(greenSince === undefined ? {} : { greenSince: new Date(greenSince).toISOString() }) };
        if (greenSince !== undefined && now - greenSince >= greenForMs)
            return { verdict: 'pass', reason: `all green for ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(greenForMs) === '0s' ? 'one round' : (0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(greenForMs)}`, ...checksNow };
        if (fatal && options.failFast)
            return { verdict: 'fail', reason: `${fatal.name} is red for good: ${fatal.detail}`, ...checksNow };
        if (now - began >= timeoutMs || rounds >= attempts) {
            const after = rounds >= attempts ? `${rounds} tries` : (0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(timeoutMs);
            return { verdict: options.onTimeout, reason: `not green after ${after}: ${notGreen(timelines, greenForMs)}`, ...checksNow };
        }
        await clock.sleep(Math.min(options.intervalMs, Math.max(1, timeoutMs - (now - began))), signal);
    }
}
async function watchChecks(checks, options) {
    const { clock, signal, forMs, failAfter, intervalMs } = options;
    const timelines = start(checks, clock);
    const deadline = clock.now().getTime() + forMs;
    for (;;) {
        await round(checks, timelines, options);
        const broken = timelines.find(({ redInARow }) => redInARow >= failAfter);
        if (broken)
            return { verdict: 'fail', reason: `${broken.name} was red ${broken.redInARow} rounds in a row: ${broken.detail}`, checks: timelines };
        const left = deadline - clock.now().getTime();
        if (left <= 0)
            return ending(timelines, forMs);
        await clock.sleep(Math.min(intervalMs, left), signal);
    }
}
/** A check that could never be made in the whole watch is no pass. */
function ending(checks, forMs) {
    const unknown = checks.find(({ state }) => state === 'unknown');
    return unknown
        ? { verdict: 'inconclusive', reason: `${unknown.name} could not be checked: ${unknown.detail}`, checks }
        : { verdict: 'pass', reason: `watched for ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(forMs)}, no check failed`, checks };
}
function start(checks, clock) {
    const since = clock.now().toISOString();
    return [...checks.keys()].map((name) => ({ name, state: 'unknown', detail: 'not looked at', since, attempts: 0, redInARow: 0, changes: [] }));
}
/** Looks at every check once; the log gets a line per change, not per look. Returns a red one that is fatal. */
async function round(checks, timelines, { clock, signal, log }) {
    let fatal;
    await Promise.all(timelines.map(async (timeline) => {
        const reading = await checks.get(timeline.name).probe(signal);
        timeline.attempts++;
        timeline.redInARow = reading.state === 'red' ? timeline.redInARow + 1 : 0;
        if (reading.state !== timeline.state || timeline.attempts === 1) {
            timeline.since = clock.now().toISOString();
            timeline.changes.push({ at: timeline.since, state: reading.state, detail: reading.detail });
            log.info(`${timeline.name}: ${reading.state}: ${reading.detail}`);
        }
        timeline.state = reading.state;
        timeline.detail = reading.detail;
        if (reading.value !== undefined)
            timeline.value = reading.value;
        if (reading.fatal)
            fatal = timeline;
    }));
    return fatal;
}
function notGreen(timelines, greenForMs) {
    const out = timelines.filter(({ state }) => state !== 'green');
    if (out.length === 0)
        return `green, but not for ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(greenForMs)} without a break`;
    return out.map(({ name, state, detail }) => `${name} is ${state} (${detail})`).join('; ');
}


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

/***/ 46666:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   R: () => (/* binding */ joinTransaction),
/* harmony export */   z: () => (/* binding */ mustBeOpen)
/* harmony export */ });
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(48826);
/* harmony import */ var _transaction_file__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(86570);


/** The transaction of this job that a writer was told to act in. @throws InputError when this job has none of that name */
async function joinTransaction(id, { temp }) {
    const transaction = await (0,_transaction_file__WEBPACK_IMPORTED_MODULE_0__/* .findJobTransaction */ .J9)(temp, id);
    if (transaction)
        return transaction;
    throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .InputError */ .dz([{ where: 'input `transaction`', message: `${id} was not begun in this job; pass steps.BEGIN.outputs.transaction of restore-point begin in the same job` }]);
}
/** Before every forward write: an emergency rollback or a restorer may have taken the transaction over. @throws GateFailed */
async function mustBeOpen(ledger, { id, environment }) {
    const [entry] = await ledger.find({ id, environment, limit: 1 });
    if (entry?.state === 'open')
        return;
    throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .GateFailed */ .jG(`transaction ${id} is ${entry?.state ?? 'not in the ledger'}${entry?.note ? ` (${entry.note})` : ''}: nothing more is written to its target`);
}


/***/ }),

/***/ 71454:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   BP: () => (/* binding */ newest),
/* harmony export */   Jw: () => (/* binding */ describeState),
/* harmony export */   nc: () => (/* binding */ newestCommitted),
/* harmony export */   pM: () => (/* binding */ LiveTransaction)
/* harmony export */ });
/* unused harmony export MAX_NOTE */
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(48826);

/** GitHub keeps 140 characters of a status' description; every ledger keeps no more. */
const MAX_NOTE = 140;
/** What a ledger stores with a state: `committed: all traffic on green`, cut to what is kept. */
function describeState(state, note) {
    const text = note ? `${state}: ${note.replace(/\s+/g, ' ')}` : state;
    return text.length <= MAX_NOTE ? text : `${text.slice(0, MAX_NOTE - 1)}…`;
}
/** Another rollout holds the target: its transaction is left alone. */
class LiveTransaction extends _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_0__/* .ProviderError */ .mZ {
    entry;
    constructor(entry) {
        const { id, run, region, service, release } = entry.record;
        super(`${service} in ${region} is held by run ${run.id} (attempt ${run.attempt}, ${run.actor}), which is bringing ${release.version} there: transaction ${id} is ${entry.state}. Nothing was written. Wait for that run; if it has ended, restore the transaction first (restore-point with mode: restore, to: ${id})`, { provider: 'ledger' });
        this.entry = entry;
    }
}
/** The newest transaction of an environment that ever held it; those that lost the race for it do not count. */
async function newest(ledger, environment) {
    const held = ['open', 'committed', 'restoring', 'restored', 'unverified', 'restore-failed'];
    return (await ledger.find({ environment, state: held, limit: 1 }))[0];
}
/** What runs in an environment as far as the ledger knows: its newest committed transaction. */
async function newestCommitted(ledger, environment) {
    return (await ledger.find({ environment, state: ['committed'], limit: 1 }))[0];
}


/***/ }),

/***/ 70812:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  a: () => (/* binding */ openLedger)
});

// EXTERNAL MODULE: ./packages/action-kit/src/context.ts
var context = __webpack_require__(86910);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/rollout/src/transaction.ts
var transaction = __webpack_require__(55029);
// EXTERNAL MODULE: ./packages/ledger/src/ledger.ts
var ledger = __webpack_require__(71454);
;// CONCATENATED MODULE: ./packages/ledger/src/file-ledger.ts







const mark = schemas/* strictObject */.rej({ state: schemas/* enum */.k5n(transaction/* transactionStates */.$x), description: schemas/* string */.YjP() });
const RECORD = /^(\d{6})\.json$/;
/**
 * Transactions in a folder: `000001.json` is a record, `000001.01.json` and on are its states. Every file is written
 * whole under another name and then linked to its own, which fails when that exists: numbers are given out once, and
 * nobody reads half a file.
 */
function createFileLedger(folder, service) {
    const read = async (number) => {
        const record = transaction/* transactionRecord */.g.parse(JSON.parse(await (0,promises_.readFile)((0,external_node_path_.join)(folder, `${number}.json`), 'utf8')));
        if (record.service !== service)
            return undefined;
        const marks = (await (0,promises_.readdir)(folder)).filter((name) => name.startsWith(`${number}.`) && name !== `${number}.json`).sort();
        const last = marks.at(-1);
        if (last === undefined)
            return { number, record, state: 'open', note: '' };
        const { state, description } = mark.parse(JSON.parse(await (0,promises_.readFile)((0,external_node_path_.join)(folder, last), 'utf8')));
        return { number, record, state, note: description };
    };
    /** Newest first. */
    const all = async () => {
        const names = await (0,promises_.readdir)(folder).catch(() => []);
        const numbers = names.flatMap((name) => RECORD.exec(name)?.[1] ?? []).sort();
        const entries = await Promise.all(numbers.reverse().map(read));
        return entries.filter((entry) => entry !== undefined);
    };
    const publish = async (name, value) => {
        await (0,promises_.mkdir)(folder, { recursive: true });
        const draft = (0,external_node_path_.join)(folder, `.${(0,external_node_crypto_.randomUUID)()}`);
        await (0,promises_.writeFile)(draft, `${JSON.stringify(value, null, 2)}\n`);
        try {
            for (let attempt = 0;; attempt++) {
                try {
                    return await (0,promises_.link)(draft, (0,external_node_path_.join)(folder, name(attempt)));
                }
                catch (error) {
                    if (error.code !== 'EEXIST' || attempt === 1000)
                        throw error;
                }
            }
        }
        finally {
            await (0,promises_.unlink)(draft);
        }
    };
    const setState = async (entry, state, note) => {
        const taken = (await (0,promises_.readdir)(folder)).filter((name) => name.startsWith(`${entry.number}.`)).length;
        const name = (attempt) => `${entry.number}.${String(taken + attempt).padStart(2, '0')}.json`;
        await publish(name, { state, description: (0,ledger/* describeState */.Jw)(state, note) });
    };
    const liveOthers = async (record) => (await all()).filter((entry) => entry.record.environment === record.environment && transaction/* liveStates */.F6.includes(entry.state) && entry.record.id !== record.id);
    return {
        async open(record) {
            const [live] = await liveOthers(record);
            if (live)
                throw new ledger/* LiveTransaction */.pM(live);
            const next = Number((await all())[0]?.number ?? 0) + 1;
            await publish((attempt) => `${String(next + attempt).padStart(6, '0')}.json`, transaction/* transactionRecord */.g.parse(record));
            // Two openers: the lower number wins, the other steps back.
            const own = (await all()).find((entry) => entry.record.id === record.id);
            const earlier = (await liveOthers(record)).find((entry) => own !== undefined && entry.number < own.number);
            if (!own || !earlier)
                return;
            await setState(own, 'superseded', `by ${earlier.record.id}`);
            throw new ledger/* LiveTransaction */.pM(earlier);
        },
        async find({ environment, state, id, limit = 10 }) {
            const entries = await all();
            return entries
                .filter((entry) => (environment === undefined || entry.record.environment === environment) && (state === undefined || state.includes(entry.state)) && (id === undefined || entry.record.id === id))
                .slice(0, limit)
                .map(({ record, state, note }) => ({ record, state, note }));
        },
        async mark(id, state, note) {
            const entry = (await all()).find((entry) => entry.record.id === id);
            if (!entry)
                throw new errors/* ProviderError */.mZ(`the ledger ${folder} has no transaction ${id}`, { provider: 'ledger' });
            if (!(0,transaction/* mayBecome */.v4)(entry.state, state))
                throw new errors/* ProviderError */.mZ(`transaction ${id} is ${entry.state} and cannot become ${state}`, { provider: 'ledger' });
            await setState(entry, state, note);
        },
    };
}

;// CONCATENATED MODULE: ./packages/ledger/src/github-ledger.ts




const READ = { permission: 'deployments: read' };
const WRITE = { permission: 'deployments: write' };
/** Deployments looked through at most: those of one service and mostly one environment, newest first. */
const MAX_DEPLOYMENTS = 300;
const deployment = schemas/* looseObject */._H3({ id: schemas/* int */.Whr(), environment: schemas/* string */.YjP(), payload: schemas/* unknown */.L5J() });
const deploymentStatus = schemas/* looseObject */._H3({ state: schemas/* string */.YjP(), description: schemas/* string */.YjP().nullish() });
/** GitHub's own state for each of ours (safety.md, "Ledger"); the description, not this, is what we read back. */
const githubStates = {
    open: 'in_progress',
    committed: 'success',
    restoring: 'pending',
    restored: 'inactive',
    superseded: 'inactive',
    unverified: 'failure',
    'restore-failed': 'error',
};
/** Transactions as GitHub Deployments: one each, its payload the record, its statuses the states. */
function createGitHubLedger(github, service, logUrl) {
    const task = `deploy-actions/${service}`;
    const known = new Map();
    /** Newest first; each is read only when it is asked for. */
    async function* entries(environment, only) {
        const query = { task, ...(environment === undefined ? {} : { environment }) };
        const listed = await github.list('GET /repos/{owner}/{repo}/deployments', query, { ...READ, limit: MAX_DEPLOYMENTS });
        const newestFirst = listed.map((item) => deployment.parse(item)).sort((a, b) => b.id - a.id);
        for (const { id, payload } of newestFirst) {
            // What is no record of ours was put there by somebody else and means nothing here.
            const record = transaction/* transactionRecord */.g.safeParse(typeof payload === 'string' ? parseJson(payload) : payload);
            if (!record.success || record.data.service !== service)
                continue;
            known.set(record.data.id, id);
            if (only !== undefined && record.data.id !== only)
                continue;
            yield { deployment: id, record: record.data, ...(await stateOf(id)) };
        }
    }
    const stateOf = async (id) => {
        const statuses = await github.list('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', { deployment_id: id }, READ);
        for (const item of statuses) {
            const description = deploymentStatus.parse(item).description ?? '';
            const state = transaction/* transactionStates */.$x.find((state) => description === state || description.startsWith(`${state}: `));
            if (state)
                return { state, note: description };
        }
        // Created, and its creator died before it could say more.
        return { state: 'open', note: '' };
    };
    const setState = async (id, state, note) => {
        const parameters = { deployment_id: id, state: githubStates[state], description: (0,ledger/* describeState */.Jw)(state, note), auto_inactive: false, log_url: logUrl };
        await github.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', parameters, WRITE);
    };
    /** The one that holds the environment: an older one cannot be live when a newer one was let in. */
    const holder = async (environment, below = Infinity) => {
        for await (const entry of entries(environment)) {
            if (entry.state === 'superseded' || entry.deployment >= below)
                continue;
            return transaction/* liveStates */.F6.includes(entry.state) ? entry : undefined;
        }
        return undefined;
    };
    return {
        async open(record) {
            const live = await holder(record.environment);
            if (live)
                throw new ledger/* LiveTransaction */.pM(live);
            const created = deployment.parse(await github.request('POST /repos/{owner}/{repo}/deployments', {
                ref: record.commit,
                task,
                environment: record.environment,
                payload: transaction/* transactionRecord */.g.parse(record),
                auto_merge: false,
                required_contexts: [],
                description: `${record.release.version} to ${record.region}`.slice(0, 140),
            }, WRITE));
            known.set(record.id, created.id);
            // Two openers: the lower id wins, the other steps back.
            const rival = await holder(record.environment, created.id);
            if (rival) {
                await setState(created.id, 'superseded', `by ${rival.record.id}`);
                throw new ledger/* LiveTransaction */.pM(rival);
            }
            await setState(created.id, 'open', `run ${record.run.id} attempt ${record.run.attempt}`);
        },
        async find({ environment, state, id, limit = 10 }) {
            const found = [];
            for await (const { record, state: current, note } of entries(environment, id)) {
                if (state === undefined || state.includes(current))
                    found.push({ record, state: current, note });
                if (found.length === limit)
                    break;
            }
            return found;
        },
        async mark(id, state, note) {
            const deploymentId = known.get(id) ?? (await locate(id));
            const { state: current } = await stateOf(deploymentId);
            if (!(0,transaction/* mayBecome */.v4)(current, state))
                throw new errors/* ProviderError */.mZ(`transaction ${id} is ${current} and cannot become ${state}`, { provider: 'ledger' });
            await setState(deploymentId, state, note);
        },
    };
    async function locate(id) {
        for await (const entry of entries(undefined, id))
            return entry.deployment;
        throw new errors/* ProviderError */.mZ(`the ledger has no transaction ${id} of ${service}`, { provider: 'ledger' });
    }
}
function parseJson(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./packages/ledger/src/open-ledger.ts



/** Opens the ledger that an input names: `github` or `file:DIR`. */
function openLedger(spec, service, ports) {
    return spec.startsWith('file:')
        ? createFileLedger(spec.slice('file:'.length), service)
        : createGitHubLedger(ports.github, service, (0,context/* runUrl */.V)(ports.context));
}


/***/ }),

/***/ 86570:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   HG: () => (/* binding */ restorePointFile),
/* harmony export */   J9: () => (/* binding */ findJobTransaction),
/* harmony export */   Pz: () => (/* binding */ readJobTransactions),
/* harmony export */   hG: () => (/* binding */ saveJobTransaction)
/* harmony export */ });
/* unused harmony exports restoreSettings, jobTransaction */
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_fs_promises__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1___default = /*#__PURE__*/__webpack_require__.n(node_path__WEBPACK_IMPORTED_MODULE_1__);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(32716);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(55029);




/** What a restorer needs beside the record: how to reach what the record names. Uploaded with it, and kept in the job. */
const restoreSettings = zod__WEBPACK_IMPORTED_MODULE_2__/* .strictObject */ .rej({
    /** settings of the canary router, as its provider's options gave them */
    router: zod__WEBPACK_IMPORTED_MODULE_2__/* .looseObject */ ._H3({ type: zod__WEBPACK_IMPORTED_MODULE_2__/* .string */ .YjP() }),
    arms: zod__WEBPACK_IMPORTED_MODULE_2__/* .strictObject */ .rej({ baseline: zod__WEBPACK_IMPORTED_MODULE_2__/* .string */ .YjP(), canary: zod__WEBPACK_IMPORTED_MODULE_2__/* .string */ .YjP() }),
});
/** The restore-point artifact: the record as it was opened, and its settings. */
const restorePointFile = zod__WEBPACK_IMPORTED_MODULE_2__/* .strictObject */ .rej({ record: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_3__/* .transactionRecord */ .g, settings: restoreSettings });
/** A transaction as the steps and posts of one job share it: read before the ledger, and when the ledger is down. */
const jobTransaction = restorePointFile.extend({
    ledger: zod__WEBPACK_IMPORTED_MODULE_2__/* .string */ .YjP(),
    /** `traffic-restored`: a post or a failing action has put the traffic back; the rest is still to do */
    state: zod__WEBPACK_IMPORTED_MODULE_2__/* ["enum"] */ .k5n(['open', 'traffic-restored', 'committed', 'restored']),
});
const folder = (temp) => (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(temp, 'deploy-actions', 'transactions');
/** Writes a job's transaction whole: a reader never sees half of it. */
async function saveJobTransaction(temp, transaction) {
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.mkdir)(folder(temp), { recursive: true });
    const file = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder(temp), `${transaction.record.id}.json`);
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.writeFile)(`${file}.part`, JSON.stringify(transaction, null, 2));
    await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.rename)(`${file}.part`, file);
}
/** Every transaction of this job, in the order in which they were opened. */
async function readJobTransactions(temp) {
    const names = (await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readdir)(folder(temp)).catch(() => [])).filter((name) => name.endsWith('.json'));
    const transactions = await Promise.all(names.map(async (name) => jobTransaction.parse(JSON.parse(await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder(temp), name), 'utf8')))));
    return transactions.sort((a, b) => a.record.openedAt.localeCompare(b.record.openedAt));
}
async function findJobTransaction(temp, id) {
    return (await readJobTransactions(temp)).find(({ record }) => record.id === id);
}


/***/ }),

/***/ 49567:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   ai: () => (/* binding */ number)
/* harmony export */ });
/* unused harmony exports string, boolean, bigint, date */
/* harmony import */ var _core_index_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(43759);
/* harmony import */ var _schemas_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(32716);


function string(params) {
    return core._coercedString(schemas.ZodString, params);
}
function number(params) {
    return _core_index_js__WEBPACK_IMPORTED_MODULE_0__/* ._coercedNumber */ .qG(_schemas_js__WEBPACK_IMPORTED_MODULE_1__/* .ZodNumber */ .rSt, params);
}
function boolean(params) {
    return core._coercedBoolean(schemas.ZodBoolean, params);
}
function bigint(params) {
    return core._coercedBigint(schemas.ZodBigInt, params);
}
function date(params) {
    return core._coercedDate(schemas.ZodDate, params);
}


/***/ })

};
