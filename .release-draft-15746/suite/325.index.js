export const id = 325;
export const ids = [325];
export const modules = {

/***/ 31325:
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
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
;// CONCATENATED MODULE: ./actions/restore-point/src/inputs.ts


const inputs = schemas/* strictObject */.rej({
    mode: schemas/* enum */.k5n(['begin', 'commit', 'restore']).describe('begin | commit | restore').meta({ example: 'begin' }),
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    service: common_inputs/* commonInputs */.j.service.optional(),
    environment: common_inputs/* commonInputs */.j.environment.optional(),
    version: common_inputs/* commonInputs */.j.version.optional(),
    image: common_inputs/* commonInputs */.j.image.optional(),
    digest: common_inputs/* commonInputs */.j.digest.optional(),
    predecessor: schemas/* string */.YjP().optional().describe('with begin: region whose newest transaction must be committed with this digest'),
    transaction: common_inputs/* commonInputs */.j.transaction.optional(),
    to: schemas/* string */.YjP().default('open').describe('with restore: `open` (what this run left open) or the id of a transaction'),
    reason: schemas/* string */.YjP().default('the rollout did not end well').describe('with restore: why, for the record'),
    'trusted-workflows': schemas/* string */.YjP()
        .default('')
        .transform((text) => text.split(/[\s,]+/).filter(Boolean))
        .describe('with restore: paths of workflows, beside our region.yml, whose transactions may be restored'),
    secrets: common_inputs/* commonInputs */.j.secrets,
    'dry-run': common_inputs/* commonInputs */.j['dry-run'],
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/action-kit/src/script.ts
var src_script = __webpack_require__(39398);
// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
// EXTERNAL MODULE: ./packages/ledger/src/predecessor.ts
var predecessor = __webpack_require__(17146);
// EXTERNAL MODULE: ./packages/ledger/src/begin.ts
var begin = __webpack_require__(60874);
// EXTERNAL MODULE: ./packages/rollout/src/weights.ts
var weights = __webpack_require__(12468);
// EXTERNAL MODULE: ./packages/checks/src/registry.ts
var registry = __webpack_require__(56596);
// EXTERNAL MODULE: ./packages/checks/src/gate.ts
var src_gate = __webpack_require__(54248);
// EXTERNAL MODULE: ./packages/ledger/src/transaction-file.ts
var transaction_file = __webpack_require__(86570);
// EXTERNAL MODULE: ./packages/ledger/src/ledger.ts
var src_ledger = __webpack_require__(71454);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./packages/evidence/src/chain.ts + 1 modules
var chain = __webpack_require__(39860);
;// CONCATENATED MODULE: ./packages/ledger/src/trust.ts







const workflowRun = schemas/* looseObject */._H3({
    id: schemas/* int */.Whr(),
    path: schemas/* string */.YjP(),
    repository: schemas/* looseObject */._H3({ full_name: schemas/* string */.YjP() }),
    referenced_workflows: schemas/* array */.YOg(schemas/* looseObject */._H3({ path: schemas/* string */.YjP() })).nullish(),
});
/** Our own workflow that opens transactions, wherever it is called from. */
const REGION_WORKFLOW = /(^|\/)deploy-actions\/\.github\/workflows\/region\.yml(@|$)/;
/** A record that cannot be trusted is not acted on: anyone with `deployments: write` can plant one. */
class Untrusted extends errors/* GateFailed */.jG {
}
/**
 * Proves that a record was opened by a run that may open it, and that it is what that run uploaded before
 * (safety.md, "Trust"). Gives the settings that were uploaded with it.
 * @param trustedWorkflows paths of callers that use the actions without our region.yml
 * @throws Untrusted with the reason
 */
async function trustedSettings(record, trustedWorkflows, { github, artifacts, context }) {
    const refuse = (why) => {
        throw new Untrusted(`transaction ${record.id} is not acted on: ${why}`);
    };
    const run = workflowRun.parse(await github.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', { run_id: record.run.id }, { permission: 'actions: read' }));
    const repository = `${context.owner}/${context.repo}`;
    if (run.repository.full_name !== repository)
        refuse(`run ${run.id} belongs to ${run.repository.full_name}, not to ${repository}`);
    const workflows = [run.path, ...(run.referenced_workflows ?? []).map(({ path }) => path)];
    const trusted = workflows.some((path) => REGION_WORKFLOW.test(path) || trustedWorkflows.some((known) => path === known || path.startsWith(`${known}@`)));
    if (!trusted)
        refuse(`run ${run.id} uses none of the workflows that may open one (it ran ${workflows.join(', ')}); name it in \`trusted-workflows\` if it may`);
    const name = (0,begin/* restorePointArtifact */.$A)(record.id);
    const artifact = (await artifacts.list(record.run.id)).find((one) => one.name === name);
    if (!artifact)
        return refuse(`run ${run.id} uploaded no artifact ${name} before it opened the record`);
    const folder = await (0,promises_.mkdtemp)((0,external_node_path_.join)(context.temp, 'restore-point-'));
    await artifacts.download(artifact, folder, record.run.id);
    const uploaded = transaction_file/* restorePointFile */.HG.safeParse(JSON.parse(await (0,promises_.readFile)((0,external_node_path_.join)(folder, begin/* RESTORE_POINT_FILE */.fK), 'utf8')));
    if (!uploaded.success)
        throw new errors/* ProviderError */.mZ(`artifact ${name} holds no restore point`, { provider: 'GitHub artifacts', cause: uploaded.error });
    if ((0,chain/* digestOf */.ol)(uploaded.data.record) !== (0,chain/* digestOf */.ol)(record))
        refuse(`its record differs from the one that run ${run.id} uploaded before opening it`);
    return uploaded.data.settings;
}

// EXTERNAL MODULE: ./packages/ledger/src/restore.ts
var restore = __webpack_require__(80829);
// EXTERNAL MODULE: ./packages/rollout/src/transaction.ts
var transaction = __webpack_require__(55029);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/restore-point/src/restore.ts





/** How long what serves after a restore may take to be green once (safety.md, "Restore point"). */
const HEALTH_TIMEOUT_MS = 120_000;
/** Puts a target back to the restore point of one transaction. Idempotent; an open transaction that is not there is no error. */
async function restore_restore(inputs, ports) {
    const record = await findRecord(inputs, ports);
    if (record)
        return restoreRecord(record, inputs, ports);
    const reason = `this run has no open transaction${inputs.region === undefined ? '' : ` in ${inputs.region}`}: nothing is to be restored`;
    ports.log.info(reason);
    ports.summary.add(`### Nothing to restore\n\n${(0,markdown/* escapeText */.X1)(reason)}.`);
    return { outcome: 'nothing-open', reason };
}
/** `open`: what this very run left open on the target; else the transaction of that id. */
async function findRecord(inputs, ports) {
    const { service, environment } = await serviceAndEnvironment(inputs, ports);
    ports.evidence.about({ service, environment, ...(inputs.region === undefined ? {} : { region: inputs.region }) });
    const ledger = (0,open_ledger/* openLedger */.a)(inputs.ledger, service, ports);
    if (inputs.to !== 'open') {
        const [entry] = await ledger.find({ id: inputs.to, limit: 1 });
        if (!entry)
            throw new errors/* InputError */.dz([{ where: 'input `to`', message: `the ledger has no transaction ${inputs.to} of ${service}` }]);
        await mustBeNewest(ledger, entry.record);
        return entry.record;
    }
    const own = inputs.transaction === undefined ? undefined : await (0,transaction_file/* findJobTransaction */.J9)(ports.context.temp, inputs.transaction);
    if (own && (own.state === 'open' || own.state === 'traffic-restored'))
        return own.record;
    const entry = await (0,src_ledger/* newest */.BP)(ledger, environment);
    return entry && entry.record.run.id === ports.context.runId && transaction/* liveStates */.F6.includes(entry.state) ? entry.record : undefined;
}
/** A committed transaction may only be undone while nothing newer stands on its target. */
async function mustBeNewest(ledger, record) {
    const latest = await (0,src_ledger/* newest */.BP)(ledger, record.environment);
    if (latest && latest.record.id !== record.id)
        throw new errors/* GateFailed */.jG(`transaction ${record.id} is no longer the newest in ${record.region}: ${latest.record.id} (${latest.record.release.version}) came after it; nothing was written`);
}
async function serviceAndEnvironment(inputs, ports) {
    if (inputs.service !== undefined && inputs.environment !== undefined)
        return { service: inputs.service, environment: inputs.environment };
    const target = await (0,src_target/* configuredTarget */.sn)(inputs, ports.context);
    return { service: target.service, environment: target.environment };
}
/** Restores one record, verifies it and closes it in the ledger. @throws GateFailed when it could not be put back */
async function restoreRecord(record, inputs, ports) {
    const { id, service, region, environment } = record;
    ports.evidence.about({ service, region, environment, transaction: id });
    const own = await (0,transaction_file/* findJobTransaction */.J9)(ports.context.temp, id);
    // What this very job opened needs no proof of where it came from.
    const settings = own?.settings ?? (inputs.ledger === 'github' ? await trustedSettings(record, inputs['trusted-workflows'], ports) : await settingsOfConfig(record, ports));
    if (inputs['dry-run']) {
        ports.log.info(`would restore ${id}: ${JSON.stringify(record.restore)}`);
        return { outcome: 'would-restore', reason: `would restore ${id}`, transaction: id };
    }
    const ledger = (0,open_ledger/* openLedger */.a)(inputs.ledger, service, ports);
    await markUnlessDown(ledger, id, 'restoring', `${ports.context.job} of run ${ports.context.runId}`, ports);
    const target = await configAtRecord(record, ports);
    const result = await (0,restore/* restoreTarget */.k)(record, settings, ports, {
        script: target && (await scriptRestorer(target, record, settings.arms, ports)),
        health: target && (await healthProof(target, settings.arms, ports)),
    });
    await markUnlessDown(ledger, id, result.outcome, inputs.reason, ports);
    if (own)
        await (0,transaction_file/* saveJobTransaction */.hG)(ports.context.temp, { ...own, state: result.outcome === 'restore-failed' ? 'traffic-restored' : 'restored' });
    return concluded(record, result, inputs, ports);
}
/** Restoring never waits for the ledger: it is told when it answers. */
async function markUnlessDown(ledger, id, state, note, ports) {
    await ledger.mark(id, state, note).catch((error) => {
        ports.log.warning(`the ledger could not be told that ${id} is ${state}: ${(0,errors/* messageOf */.bD)(error)}`);
        ports.evidence.facts({ ledgerNotTold: state });
    });
}
/** The config at the record's commit, if the checkout is at that commit: commands come from nowhere else. */
async function configAtRecord(record, ports) {
    const { release, region, correlationId, config } = record;
    if (!config)
        return undefined;
    try {
        const file = await (0,src_target/* readRollout */.wW)(config.path, ports.context);
        if (file.digest !== config.digest)
            throw new errors/* InputError */.dz(`${config.path} in the checkout is not the one of ${record.id}; check out ${record.commit}`);
        return await (0,src_target/* configuredTarget */.sn)({ config: config.path, region, ...release, 'correlation-id': correlationId }, ports.context);
    }
    catch (error) {
        ports.log.warning(`the scripts and checks of ${record.id} cannot be used: ${(0,errors/* messageOf */.bD)(error)}`);
        return undefined;
    }
}
async function settingsOfConfig(record, ports) {
    const target = await configAtRecord(record, ports);
    const traffic = record.restore.find((point) => point.kind === 'traffic');
    if (!target || !traffic)
        throw new errors/* InputError */.dz(`transaction ${record.id} names no config in this checkout, so its router is not known`);
    const [canary, baseline] = Object.entries(traffic.weights).sort(([, a], [, b]) => a - b).map(([arm]) => arm);
    return { router: (await target.config()).traffic.canary.router, arms: { baseline: baseline ?? '', canary: canary ?? '' } };
}
async function scriptRestorer(target, record, arms, ports) {
    const { restore: script, timeout } = (await target.config({ arm: arms.baseline })).deploy.script;
    const variables = (0,src_target/* scriptVariables */.RF)(target, record.previous ?? {}, ports.context, { arm: arms.baseline, ...arms });
    return { script, timeoutMs: timeout, variables };
}
/** One green round of the `after-deploy` checks on the arm that serves again. */
async function healthProof(target, arms, ports) {
    const config = await target.config({ arm: arms.baseline });
    const gate = config.gates['after-deploy'];
    if (!gate)
        return undefined;
    const variables = (0,src_target/* scriptVariables */.RF)(target, {}, ports.context, { arm: arms.baseline, ...arms });
    const checkPorts = { http: ports.http, process: ports.process, workspace: ports.context.workspace, variables };
    const checks = new Map();
    for (const name of gate.checks)
        checks.set(name, await (0,registry/* openCheck */.X)(config.checks[name], checkPorts));
    return async () => {
        const { clock, signal, log } = ports;
        const result = await (0,src_gate/* holdUntilGreen */.H)(checks, { greenForMs: 0, timeoutMs: HEALTH_TIMEOUT_MS, intervalMs: gate.interval, failFast: false, onTimeout: 'fail', clock, signal, log });
        return { ok: result.verdict === 'pass', detail: result.reason };
    };
}
function concluded(record, { outcome, points, trafficMs }, inputs, ports) {
    const failed = points.filter(({ ok }) => !ok);
    const what = `${record.service} in ${record.region} is ${outcome === 'restored' ? 'back at its restore point' : outcome}`;
    const reason = failed.length === 0 ? `${what}; ${inputs.reason}` : `${what}: ${failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`;
    ports.evidence.facts({ record, restored: points, restoreMs: trafficMs });
    ports.summary.add([
        `### ${(0,markdown/* escapeText */.X1)(record.region)}: ${(0,markdown/* escapeText */.X1)(outcome)}`,
        '',
        `${(0,markdown/* escapeText */.X1)(reason)}. Traffic was verified ${trafficMs < 1000 ? `${trafficMs} ms` : (0,duration/* formatDuration */.a3)(trafficMs)} after the restore began.`,
        '',
        (0,markdown/* table */.tp)(['What', 'Name', 'Put back', 'Read back'], points.map(({ kind, name, ok, detail }) => [kind, name, ok ? 'yes' : 'NO', detail])),
        '',
        'Not undone, because nobody can: schema migrations, hooks, infrastructure.',
    ].join('\n'));
    const outputs = { outcome, reason, transaction: record.id, restored: points, 'restore-ms': trafficMs };
    if (outcome === 'restore-failed')
        throw new errors/* GateFailed */.jG(reason, { outputs });
    if (outcome === 'unverified')
        ports.log.warning(reason);
    return outputs;
}

;// CONCATENATED MODULE: ./actions/restore-point/src/begin.ts





/** Reads all that the rollout will write to one region and opens its transaction. */
async function begin_begin(inputs, ports) {
    const target = await (0,src_target/* configuredTarget */.sn)(inputs, ports.context);
    const release = (0,src_target/* releaseOf */.l7)(inputs);
    const config = await target.config({ secrets: inputs.secrets });
    const { service, region, environment, correlationId } = target;
    ports.evidence.about({ service, region, environment });
    const ledger = (0,open_ledger/* openLedger */.a)(inputs.ledger, service, ports);
    // An approval may have taken days: what was proven before it is proven again.
    if (inputs.predecessor !== undefined) {
        const proof = await (0,predecessor/* provePredecessor */.o)(ledger, target.file, inputs.predecessor, release.digest);
        if (!proof.proven)
            throw new errors/* GateFailed */.jG(proof.reason);
        ports.log.info(proof.reason);
    }
    const earlier = inputs['dry-run'] ? undefined : await (0,begin/* leftOpen */.cb)(ledger, environment, ports.context.runId);
    if (earlier) {
        ports.log.warning(`an earlier attempt of this run left ${earlier.id} open: it is restored first`);
        await restoreRecord(earlier, inputs, ports);
    }
    const transaction = await (0,begin/* beginTransaction */.CR)({
        ledgerSpec: inputs.ledger,
        ledger,
        service,
        region,
        environment,
        correlationId,
        release,
        router: config.traffic.canary.router,
        arms: config.arms.names,
        config: { path: target.file.path, digest: target.file.digest },
        snapshot: (arms) => snapshot(target, arms, inputs, ports),
        dryRun: inputs['dry-run'],
    }, ports);
    return opened(transaction, inputs, ports);
}
/** What the deploy script's `snapshot` prints of the arm that will be written. */
async function snapshot(target, arms, inputs, ports) {
    const config = await target.config({ arm: arms.canary });
    const { snapshot: script, timeout } = config.deploy.script;
    const variables = (0,src_target/* scriptVariables */.RF)(target, inputs, ports.context, { arm: arms.canary, ...arms });
    const workspace = ports.context.workspace;
    const result = await (0,src_script/* runScript */.j3)(script, { process: ports.process, workspace }, { variables, timeoutMs: timeout, signal: ports.signal });
    const failure = (0,src_script/* scriptFailure */.kf)(script, result);
    if (failure !== undefined)
        throw new errors/* GateFailed */.jG(`the snapshot failed, so nothing was written: ${failure}`);
    return [{ kind: 'script', name: 'deploy', state: result.stdout.trim() }];
}
function opened({ record, settings }, inputs, ports) {
    const { baseline, canary } = settings.arms;
    const dry = inputs['dry-run'];
    // Printed whole: when the ledger and the artifacts are out of reach, this is the way back.
    ports.log.group(`Restore point ${record.id}`, JSON.stringify({ record, settings }, null, 2).split('\n'));
    const reason = `${record.service} in ${record.region}: ${baseline} serves, ${canary} gets ${record.release.version}`;
    ports.log.info(dry ? `would begin ${record.id}: ${reason}` : `begun ${record.id}: ${reason}`);
    ports.evidence.about({ transaction: record.id });
    ports.evidence.facts({ record, settings });
    const rows = record.restore.map((point) => point.kind === 'traffic' ? ['traffic', point.router, (0,weights/* formatWeights */.V7)(point.weights)] : ['script', point.name, point.state.slice(0, 200)]);
    ports.summary.add([
        `### ${(0,markdown/* escapeText */.X1)(record.region)}: transaction ${dry ? 'would be ' : ''}begun`,
        '',
        `${(0,markdown/* escapeText */.X1)(reason)}. Until the commit, every ending puts back:`,
        '',
        (0,markdown/* table */.tp)(['What', 'Name', 'As found'], rows),
        '',
        `Transaction \`${record.id}\``,
    ].join('\n'));
    return {
        outcome: dry ? 'would-begin' : 'begun',
        reason,
        ...(dry ? {} : { transaction: record.id }),
        'baseline-arm': baseline,
        'canary-arm': canary,
    };
}

// EXTERNAL MODULE: ./packages/ledger/src/forward.ts
var forward = __webpack_require__(46666);
// EXTERNAL MODULE: ./packages/rollout/src/percent.ts
var percent = __webpack_require__(25148);
// EXTERNAL MODULE: ./packages/traffic/src/registry.ts
var src_registry = __webpack_require__(1238);
// EXTERNAL MODULE: ./packages/traffic/src/shift.ts
var shift = __webpack_require__(22285);
;// CONCATENATED MODULE: ./actions/restore-point/src/commit.ts




/** Closes a transaction: only when the router itself shows all traffic on the canary arm. */
async function commit(inputs, ports) {
    if (inputs.transaction === undefined)
        throw new errors/* InputError */.dz([{ where: 'input `transaction`', message: 'is missing; pass the output `transaction` of restore-point begin' }]);
    const transaction = await (0,forward/* joinTransaction */.R)(inputs.transaction, ports.context);
    const { record, settings } = transaction;
    const { service, region, environment } = record;
    ports.evidence.about({ service, region, environment, transaction: record.id });
    const ledger = (0,open_ledger/* openLedger */.a)(transaction.ledger, service, ports);
    await (0,forward/* mustBeOpen */.z)(ledger, record);
    const { baseline, canary } = settings.arms;
    const router = await (0,src_registry/* openRouter */.Y)(settings.router, ports, [baseline, canary]);
    const state = await router.read(ports.signal);
    ports.evidence.facts({ weights: state.weights, effective: state.effective });
    if (!(0,shift/* inEffect */.L_)(router, state, (0,weights/* canaryWeights */.Aw)(settings.arms, percent/* WHOLE */.Ef)))
        throw new errors/* GateFailed */.jG(`${region} cannot be committed: ${canary} does not carry all the traffic (the router holds ${(0,weights/* formatWeights */.V7)(state.weights)}, in effect ${(0,weights/* formatWeights */.V7)(state.effective)})`);
    const reason = `${record.release.version} serves all of ${service} in ${region} on ${canary}`;
    if (inputs['dry-run']) {
        ports.log.info(`would commit ${record.id}: ${reason}`);
        return { outcome: 'would-commit', reason, transaction: record.id };
    }
    await ledger.mark(record.id, 'committed', reason);
    await (0,transaction_file/* saveJobTransaction */.hG)(ports.context.temp, { ...transaction, state: 'committed' });
    ports.log.info(`committed ${record.id}: ${reason}`);
    ports.summary.add(`### ${(0,markdown/* escapeText */.X1)(region)}: committed\n\n${(0,markdown/* escapeText */.X1)(reason)}. The old release stays on ${(0,markdown/* escapeText */.X1)(baseline)} for an instant return.`);
    return { outcome: 'committed', reason, transaction: record.id, 'baseline-arm': baseline, 'canary-arm': canary };
}

;// CONCATENATED MODULE: ./actions/restore-point/src/main.ts



/** Opens, commits or restores the transaction of one target. */
function main(inputs, ports) {
    switch (inputs.mode) {
        case 'begin':
            return begin_begin(inputs, ports);
        case 'commit':
            return commit(inputs, ports);
        case 'restore':
            return restore_restore(inputs, ports);
    }
}

;// CONCATENATED MODULE: ./actions/restore-point/src/outputs.ts

const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['begun', 'would-begin', 'committed', 'would-commit', 'restored', 'would-restore', 'unverified', 'restore-failed', 'nothing-open', 'invalid', 'failed', 'error', 'cancelled'])
        .describe('begun | committed | restored | unverified | restore-failed | nothing-open; would-... with dry-run; invalid | failed | error | cancelled when it did not succeed'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    transaction: schemas/* string */.YjP().optional().describe('id of the transaction'),
    'baseline-arm': schemas/* string */.YjP().optional().describe('arm that carries all traffic'),
    'canary-arm': schemas/* string */.YjP().optional().describe('arm that gets the release'),
    restored: schemas/* array */.YOg(schemas/* unknown */.L5J()).optional().describe('JSON: each restore point, whether it was put back, and what was read back'),
    'restore-ms': schemas/* number */.aig().optional().describe('real milliseconds until the traffic was verified'),
});

;// CONCATENATED MODULE: ./actions/restore-point/src/index.ts





/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'restore-point', inputs: inputs, outputs: outputs, main: main, post: unfinished/* restoreUnfinishedTraffic */.j }));


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


/***/ }),

/***/ 17146:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   o: () => (/* binding */ provePredecessor)
/* harmony export */ });
/* harmony import */ var _deploy_actions_config__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(81895);
/* harmony import */ var _ledger__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(71454);


/**
 * Proves from the ledger that the predecessor's newest transaction is committed with this digest, by any run: the
 * order of a matrix is no guarantee, and a job's result is no proof of what serves.
 */
async function provePredecessor(ledger, file, name, digest) {
    const { environment } = (0,_deploy_actions_config__WEBPACK_IMPORTED_MODULE_0__/* .findRegion */ .g6)(file, name);
    const entry = await (0,_ledger__WEBPACK_IMPORTED_MODULE_1__/* .newest */ .BP)(ledger, environment);
    if (!entry)
        return { proven: false, reason: `${name} comes first and has no transaction yet` };
    const { id, release } = entry.record;
    if (entry.state !== 'committed')
        return { proven: false, reason: `${name} comes first, and its newest transaction ${id} (${release.version}) is ${entry.state}`, transaction: id };
    if (release.digest !== digest)
        return { proven: false, reason: `${name} comes first and still runs ${release.version} (${release.digest})`, transaction: id };
    return { proven: true, reason: `${name} is committed with ${release.version} (transaction ${id})`, transaction: id };
}


/***/ })

};
