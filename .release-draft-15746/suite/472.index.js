export const id = 472;
export const ids = [472];
export const modules = {

/***/ 56472:
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
// EXTERNAL MODULE: ./packages/action-kit/src/inputs.ts
var inputs = __webpack_require__(88200);
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
// EXTERNAL MODULE: ./packages/notifiers/src/event.ts
var src_event = __webpack_require__(11783);
;// CONCATENATED MODULE: ./actions/notify/src/inputs.ts



const inputs_inputs = schemas/* strictObject */.rej({
    event: schemas/* enum */.k5n(src_event/* eventKinds */.M).describe('what happened').meta({ example: 'completed' }),
    status: schemas/* string */.YjP().optional().describe('how things stand, in a few words; default: the event'),
    cause: schemas/* string */.YjP().optional().describe('why'),
    impact: schemas/* string */.YjP().optional().describe('whom it touches'),
    next: schemas/* string */.YjP().optional().describe('what happens next'),
    sinks: schemas/* string */.YjP().optional().describe('YAML as notifications of rollout.yml; with it no rollout.yml is read'),
    'fail-on-error': (0,inputs/* flag */.Jt)(false).describe('fail when a sink could not be told'),
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    service: common_inputs/* commonInputs */.j.service.optional(),
    environment: common_inputs/* commonInputs */.j.environment.optional(),
    version: common_inputs/* commonInputs */.j.version.optional(),
    image: common_inputs/* commonInputs */.j.image.optional(),
    digest: common_inputs/* commonInputs */.j.digest.optional(),
    secrets: common_inputs/* commonInputs */.j.secrets,
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/action-kit/src/context.ts
var context = __webpack_require__(86910);
// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/config/src/sections.ts
var sections = __webpack_require__(5654);
// EXTERNAL MODULE: ./packages/config/src/load.ts + 1 modules
var load = __webpack_require__(81895);
// EXTERNAL MODULE: ./packages/notifiers/src/quick-card.ts
var quick_card = __webpack_require__(72047);
// EXTERNAL MODULE: ./packages/notifiers/src/tell.ts
var tell = __webpack_require__(12156);
;// CONCATENATED MODULE: ./actions/notify/src/main.ts



/** Tells the sinks of one event and shows its Quick Card in the summary. */
async function main(inputs, ports) {
    const telling = await readTelling(inputs, ports);
    const { service, region, environment } = telling;
    ports.evidence.about({ service, ...(region === undefined ? {} : { region }), ...(environment === undefined ? {} : { environment }) });
    const event = eventOf(inputs, telling, ports);
    ports.summary.add((0,quick_card/* quickCardMarkdown */.D)(event));
    const delivered = await (0,tell/* tell */.q)(event, telling.subscriptions, { ...ports, secrets: inputs.secrets });
    ports.evidence.facts({ event, delivered });
    const missed = delivered.filter((delivery) => !delivery.delivered);
    const reason = `${event.kind}: ${delivered.length - missed.length} of ${delivered.length} sinks told`;
    ports.log.info(reason);
    if (missed.length > 0 && inputs['fail-on-error'])
        throw new errors/* GateFailed */.jG(`${reason}; ${missed.map(({ sink, detail }) => `${sink}: ${detail ?? ''}`).join('; ')}`, { outputs: { delivered } });
    return { outcome: 'told', reason, delivered };
}
async function readTelling(inputs, ports) {
    if (inputs.sinks !== undefined) {
        if (inputs.service === undefined)
            throw new errors/* InputError */.dz([{ where: 'input `service`', message: 'is missing; without rollout.yml it says what the event is about' }]);
        const { service, region, environment } = inputs;
        return {
            service,
            ...(region === undefined ? {} : { region }),
            ...(environment === undefined ? {} : { environment }),
            correlationId: (0,src_target/* correlationOf */["in"])(inputs, service, ports.context),
            subscriptions: await sections/* sections */.V.sinks(inputs.sinks),
            links: {},
        };
    }
    if (inputs.region !== undefined) {
        const target = await (0,src_target/* configuredTarget */.sn)(inputs, ports.context);
        const { notifications, evidence } = await target.config({ secrets: inputs.secrets });
        return { ...target, subscriptions: notifications, links: evidence.links };
    }
    // An event of the whole rollout: the first region's sinks and links stand for all.
    const file = await (0,src_target/* readRollout */.wW)(inputs.config, ports.context);
    const correlationId = (0,src_target/* correlationOf */["in"])(inputs, file.service, ports.context);
    const { version = '', digest = '', image } = inputs;
    const variables = { version, digest, ...(image === undefined ? {} : { image }), commit: ports.context.sha, 'run-id': String(ports.context.runId), 'correlation-id': correlationId };
    const [first] = await (0,load/* resolveAll */.WZ)(file, { variables, secrets: inputs.secrets });
    return { service: file.service, correlationId, subscriptions: first?.notifications ?? [], links: first?.evidence.links ?? {} };
}
function eventOf(inputs, telling, ports) {
    const { runId, attempt, workflowRef, actor } = ports.context;
    const { cause, impact, next } = inputs;
    const { region, environment } = telling;
    return {
        kind: inputs.event,
        at: ports.clock.now().toISOString(),
        service: telling.service,
        ...(region === undefined ? {} : { region }),
        ...(environment === undefined ? {} : { environment }),
        release: (0,src_target/* releaseOf */.l7)(inputs),
        ...(cause === undefined ? {} : { cause }),
        ...(impact === undefined ? {} : { impact }),
        status: inputs.status ?? inputs.event,
        ...(next === undefined ? {} : { next }),
        links: [{ title: 'Run', url: (0,context/* runUrl */.V)(ports.context) }, ...Object.entries(telling.links).map(([title, url]) => ({ title, url }))],
        run: { id: runId, attempt, workflowRef, actor },
        correlationId: telling.correlationId,
    };
}

;// CONCATENATED MODULE: ./actions/notify/src/outputs.ts

const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['told', 'invalid', 'failed', 'error', 'cancelled']).describe('told; invalid | failed | error | cancelled when it did not succeed'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    delivered: schemas/* array */.YOg(schemas/* unknown */.L5J()).optional().describe('JSON: each sink, whether it was told, and its status'),
});

;// CONCATENATED MODULE: ./actions/notify/src/index.ts




/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'notify', inputs: inputs_inputs, outputs: outputs, main: main }));


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

/***/ 72047:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   C: () => (/* binding */ quickCard),
/* harmony export */   D: () => (/* binding */ quickCardMarkdown)
/* harmony export */ });
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(68852);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(25148);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(51125);


const happened = {
    started: 'rollout started',
    stage: 'stage',
    'approval-needed': 'approval needed',
    promoted: 'promoted',
    completed: 'rollout completed',
    failed: 'rollout failed',
    restoring: 'being restored',
    restored: 'restored',
    'restore-failed': 'RESTORE FAILED',
};
/** One model of an event that every sink renders in its own form. */
function quickCard(event) {
    const where = event.region === undefined ? '' : ` in ${event.region}`;
    const what = event.stage ? `${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatPercent */ .l9)(event.stage.weight)} stage ${event.stage.verdict}` : happened[event.kind];
    const facts = [
        ['Region', event.region],
        ['Release', `${event.release.version} (${event.release.digest.slice(0, 19)})`],
        ['Stage', event.stage && `${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatPercent */ .l9)(event.stage.weight)} of the traffic, ${event.stage.verdict} after ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .formatDuration */ .a3)(event.stage.durationMs)}`],
        ['Cause', event.cause],
        ['Impact', event.impact],
        ['Status', event.status],
        ['Next', event.next],
        ['Correlation', event.correlationId],
    ];
    return {
        title: `${event.service} ${event.release.version}: ${what}${where}`,
        facts: facts.flatMap(([name, value]) => (value ? [{ name, value }] : [])),
        links: event.links,
    };
}
/** The card for job summaries and release comments. */
function quickCardMarkdown(event) {
    const card = quickCard(event);
    const rows = card.facts.map(({ name, value }) => `| **${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(name)}** | ${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(value)} |`);
    const links = card.links.map(({ title, url }) => `[${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(title)}](${encodeURI(url)})`).join(' · ');
    return [`### ${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(card.title)}`, '', '| | |', '| --- | --- |', ...rows, ...(links ? ['', links] : [])].join('\n');
}


/***/ }),

/***/ 12156:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   q: () => (/* binding */ tell)
/* harmony export */ });
/* harmony import */ var _registry__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(39184);

/** Tells every sink that wants this event. A broken sink is a warning and never fails a rollout. */
async function tell(event, subscriptions, ports) {
    const wanted = subscriptions.filter(({ on }) => on === undefined || on.includes(event.kind));
    return Promise.all(wanted.map(async ({ sink }) => {
        const delivery = await (await (0,_registry__WEBPACK_IMPORTED_MODULE_0__/* .openNotifier */ .N)(sink, ports)).send(event, ports.signal);
        if (!delivery.delivered)
            ports.log.warning(`${sink.type} was not told of ${event.kind}: ${delivery.detail ?? 'no reason given'}`);
        return { sink: sink.type, ...delivery };
    }));
}


/***/ })

};
