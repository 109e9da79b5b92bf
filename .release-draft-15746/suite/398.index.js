export const id = 398;
export const ids = [398];
export const modules = {

/***/ 31398:
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
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/inputs.ts



const inputs = schemas/* strictObject */.rej({
    mode: schemas/* enum */.k5n(['plan', 'region']).default('plan').describe('plan: the whole rollout; region: whether one region may go ahead now'),
    regions: schemas/* string */.YjP().default('all').describe('with plan: all, or names separated by commas'),
    order: schemas/* enum */.k5n(['serial', 'delayed', 'parallel']).optional().describe('instead of order.kind of rollout.yml'),
    delay: duration/* duration */.p0.optional().describe('instead of order.delay of rollout.yml'),
    'require-protection': schemas/* enum */.k5n(['off', 'warn', 'fail']).default('warn').describe('what an environment without reviewers or branch policy comes to'),
    predecessor: schemas/* string */.YjP().optional().describe('with region: region that must be committed with this digest first'),
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    version: common_inputs/* commonInputs */.j.version,
    image: common_inputs/* commonInputs */.j.image.optional(),
    digest: common_inputs/* commonInputs */.j.digest,
    secrets: common_inputs/* commonInputs */.j.secrets,
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/config/src/load.ts + 1 modules
var load = __webpack_require__(81895);
// EXTERNAL MODULE: ./packages/config/src/stage-plan.ts
var stage_plan = __webpack_require__(23076);
// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
;// CONCATENATED MODULE: ./packages/rollout/src/order.ts
/** Puts regions in order. In parallel each stands alone; otherwise each waits for the one before. */
function place(regions, kind) {
    return regions.map((region, index) => {
        const before = regions[index - 1];
        return { region, index, ...(kind !== 'parallel' && before !== undefined ? { predecessor: before } : {}) };
    });
}
/** How many regions may be under way at once. */
function maxParallel(kind, regions) {
    return kind === 'parallel' ? Math.max(1, regions) : 1;
}
/**
 * Picks regions by name for one run; the order of the file is kept.
 * @param wanted `all` or names, separated by commas or blanks
 * @returns the regions, and every name that none of them has
 */
function selectRegions(regions, wanted) {
    if (wanted.trim() === 'all')
        return { selected: [...regions], unknown: [] };
    const names = wanted.split(/[\s,]+/).filter(Boolean);
    return {
        selected: regions.filter(({ name }) => names.includes(name)),
        unknown: names.filter((name) => !regions.some((region) => region.name === name)),
    };
}

;// CONCATENATED MODULE: ./packages/rollout/src/timing.ts
/** A weight must have taken effect, and held, within this. */
const SHIFT_MS = 31_000;
/** Putting the traffic back and one green round of what serves then. */
const RESTORE_MS = 31_000 + 120_000;
/** GitHub ends a hosted job after six hours; half an hour is kept for the restore and the runner itself. */
const JOB_LIMIT_MS = 330 * 60_000;
/** How long the deploy job of a region takes when all goes well and every script is instant. */
function expectedMs({ gates, stages }) {
    return sum(gates.map(({ greenForMs }) => greenForMs)) + sum(stages.map(({ watchMs }) => watchMs));
}
/**
 * The longest that the deploy job of a region may take: every script (snapshot, deploy, restore), gate and stage uses
 * all of its time, and at the end everything is put back.
 */
function worstCaseMs({ scriptTimeoutMs, gates, stages }) {
    return 3 * scriptTimeoutMs + sum(gates.map(({ timeoutMs }) => timeoutMs)) + sum(stages.map(({ maxWatchMs }) => maxWatchMs + SHIFT_MS)) + RESTORE_MS;
}
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

;// CONCATENATED MODULE: ./actions/rollout-plan/src/environments.ts


const environment = schemas/* looseObject */._H3({
    name: schemas/* string */.YjP(),
    can_admins_bypass: schemas/* boolean */.zMY().nullish(),
    protection_rules: schemas/* array */.YOg(schemas/* looseObject */._H3({ type: schemas/* string */.YjP(), reviewers: schemas/* array */.YOg(schemas/* unknown */.L5J()).nullish(), wait_timer: schemas/* number */.aig().nullish() })).nullish(),
    deployment_branch_policy: schemas/* looseObject */._H3({}).nullish(),
});
/**
 * Every region's environment exists and is protected as it should be; every guard environment asks nobody.
 * GitHub would create a missing environment, unprotected, at the first job that names it.
 */
async function checkEnvironments(configs, require, ports) {
    const problems = await Promise.all(configs.map(async ({ region }) => [
        ...(await checkTarget(region.name, region.environment, require, ports)),
        ...(await checkGuard(region.name, region['guard-environment'], ports)),
    ]));
    return problems.flat();
}
async function checkTarget(region, name, require, ports) {
    const found = await read(name, ports);
    if (!found)
        return [missing(region, name)];
    const weak = [
        ...(reviewers(found) > 0 ? [] : ['has no required reviewers']),
        ...(found.deployment_branch_policy ? [] : ['may be deployed to from any branch']),
        ...(found.can_admins_bypass === false ? [] : ['can be bypassed by administrators']),
    ];
    if (weak.length === 0 || require === 'off')
        return [];
    const message = `environment ${name} ${weak.join(', ')}; see docs/environments.md`;
    if (require === 'fail')
        return [{ where: region, message }];
    ports.log.warning(`${region}: ${message}`);
    return [];
}
async function checkGuard(region, name, ports) {
    const found = await read(name, ports);
    if (!found)
        return [missing(region, name)];
    const waits = [
        ...(reviewers(found) > 0 ? ['required reviewers'] : []),
        ...((found.protection_rules ?? []).some(({ wait_timer }) => (wait_timer ?? 0) > 0) ? ['a wait timer'] : []),
    ];
    if (waits.length === 0)
        return [];
    return [{ where: region, message: `guard environment ${name} has ${waits.join(' and ')}: a restore must not wait for anybody; take them off (the branch policy stays)` }];
}
async function read(name, { github }) {
    try {
        return environment.parse(await github.request('GET /repos/{owner}/{repo}/environments/{environment_name}', { environment_name: name }, { permission: 'actions: read' }));
    }
    catch (error) {
        if (error instanceof errors/* ProviderError */.mZ && error.status === 404)
            return undefined;
        throw error;
    }
}
const reviewers = ({ protection_rules }) => (protection_rules ?? []).filter(({ type }) => type === 'required_reviewers').reduce((sum, rule) => sum + (rule.reviewers?.length ?? 0), 0);
const missing = (region, name) => ({
    where: region,
    message: `the environment ${name} does not exist; create it in the repository's settings first (GitHub would create it unprotected)`,
});

// EXTERNAL MODULE: ./packages/metrics/src/arm-sampler.ts
var arm_sampler = __webpack_require__(66910);
// EXTERNAL MODULE: ./packages/metrics/src/preflight.ts
var preflight = __webpack_require__(79958);
// EXTERNAL MODULE: ./packages/rollout/src/weights.ts
var src_weights = __webpack_require__(12468);
// EXTERNAL MODULE: ./packages/traffic/src/registry.ts
var registry = __webpack_require__(1238);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/reach.ts





/**
 * Asks each region's router and metrics, from here, whether a canary could be judged there. What cannot be reached
 * from this job is a warning: the deploy job asks again before anything is written.
 */
async function reachProblems(configs, forArm, secrets, ports) {
    const problems = await Promise.all(configs.map(async (config) => {
        try {
            return await problemsOf(config, forArm, secrets, ports);
        }
        catch (error) {
            ports.log.warning(`${config.region.name} could not be asked from this job; it is asked again before anything is written: ${(0,errors/* messageOf */.bD)(error)}`);
            return [];
        }
    }));
    return problems.flat();
}
async function problemsOf(config, forArm, secrets, ports) {
    const { name } = config.region;
    const router = await (0,registry/* openRouter */.Y)(config.traffic.canary.router, ports, config.arms.names);
    const { weights } = await router.read(ports.signal);
    const arms = (0,src_weights/* findArms */.BI)(weights);
    if (!arms)
        return [{ where: name, message: `neither arm carries all the traffic: the router holds ${(0,src_weights/* formatWeights */.V7)(weights)}; put all of it on the arm that serves first` }];
    const [baseline, canary] = [await forArm(name, arms.baseline), await forArm(name, arms.canary)];
    const sources = config.metrics.sources;
    const sampler = await (0,arm_sampler/* createArmSampler */.P)({ sources, baseline: baseline.metrics, canary: canary.metrics }, { ...ports, secrets });
    const seen = await (0,preflight/* preflight */.M)(sampler, config.canary.analysis.interval, ports);
    if (!seen.ok) {
        ports.log.warning(`${name}: ${seen.reason}`);
        return [];
    }
    return (0,stage_plan/* stagesOutOfReach */.o)(seen.requestsPerSecond, (0,stage_plan/* planStages */.V)(config.canary.stages, config.canary.analysis)).map((message) => ({ where: name, message }));
}

// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/rollout/src/percent.ts
var percent = __webpack_require__(25148);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/report.ts



/** What the run will do: a table of its regions, its stages, and a picture. */
function summarise(rollout, due, { reason, estimatedMs, delayMs }) {
    const { service, release, order, regions, skipped } = rollout;
    const rows = [
        ...regions.map(({ name, environment, predecessor }) => [name, environment, predecessor || '-', 'will be rolled out']),
        ...skipped.map(({ name, environment, reason }) => [name, environment, '-', `skipped: ${reason}`]),
    ];
    const [first] = due;
    const stages = first ? (0,stage_plan/* planStages */.V)(first.canary.stages, first.canary.analysis) : [];
    const pace = order === 'delayed' ? `delayed, ${(0,duration/* formatDuration */.a3)(delayMs)} watched between regions` : order;
    return [
        `### Plan: ${(0,markdown/* escapeText */.X1)(service)} ${(0,markdown/* escapeText */.X1)(release.version)}`,
        '',
        `${(0,markdown/* escapeText */.X1)(reason)}. Order: ${(0,markdown/* escapeText */.X1)(pace)}. About ${(0,duration/* formatDuration */.a3)(estimatedMs)} when all goes well, without approvals.`,
        '',
        (0,markdown/* table */.tp)(['Region', 'Environment', 'After', 'What'], rows),
        ...(stages.length > 0
            ? [
                '',
                (0,markdown/* table */.tp)(['Stage', 'Watched at least', 'At most', 'Requests needed', 'Error limit'], stages.map(({ weight, watchMs, maxWatchMs, minRequests, errorRate }) => [
                    (0,percent/* formatPercent */.l9)(weight),
                    (0,duration/* formatDuration */.a3)(watchMs),
                    (0,duration/* formatDuration */.a3)(maxWatchMs),
                    String(minRequests),
                    errorRate === undefined ? 'the baseline only' : (0,percent/* formatRate */.CE)(errorRate),
                ])),
            ]
            : []),
        ...(regions.length > 0 ? ['', '```mermaid', ...diagram(rollout, delayMs), '```'] : []),
        '',
        `Image digest \`${release.digest}\``,
    ].join('\n');
}
function diagram({ regions, order }, delayMs) {
    const nodes = regions.map(({ name, index }) => `  r${index}["${name}"]`);
    const wait = order === 'delayed' ? `|watched ${(0,duration/* formatDuration */.a3)(delayMs)}|` : '';
    const arrows = order === 'parallel' ? [] : regions.slice(1).map(({ index }, before) => `  r${regions[before]?.index} -->${wait} r${index}`);
    return ['flowchart LR', ...nodes, ...arrows];
}

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/scripts.ts


/** Scripts that the config names and the checkout lacks, or that cannot be executed: found now, not at three in the morning. */
async function missingScripts(configs, { workspace }) {
    const { script } = configs[0]?.deploy ?? {};
    const named = script ? { run: script.run, snapshot: script.snapshot, restore: script.restore } : {};
    const problems = await Promise.all(Object.entries(named).map(async ([name, { path }]) => {
        const executable = await (0,promises_.access)((0,external_node_path_.join)(workspace, path), promises_.constants.X_OK).then(() => true, () => false);
        return executable ? [] : [{ where: `deploy.script.${name}`, message: `${path} is not in the repository or not executable (chmod +x, git add --chmod=+x)` }];
    }));
    return problems.flat();
}

// EXTERNAL MODULE: ./packages/ledger/src/ledger.ts
var src_ledger = __webpack_require__(71454);
// EXTERNAL MODULE: ./packages/rollout/src/transaction.ts
var transaction = __webpack_require__(55029);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/standing.ts


/** Skipped when its newest transaction is committed with this digest; held when another run's transaction is live. */
async function standing(ledger, { region }, digest, runId) {
    const entry = await (0,src_ledger/* newest */.BP)(ledger, region.environment);
    if (!entry)
        return {};
    const { id, release, run } = entry.record;
    if (transaction/* liveStates */.F6.includes(entry.state) && run.id !== runId)
        return { held: new src_ledger/* LiveTransaction */.pM(entry).message };
    if (entry.state === 'committed' && release.digest === digest)
        return { skip: `its newest transaction ${id} is committed with this digest` };
    return {};
}

;// CONCATENATED MODULE: ./actions/rollout-plan/src/plan.ts









/** Reads rollout.yml for this run, checks all that can be checked before anything is written, and gives the plan. */
async function plan(inputs, ports) {
    const file = await (0,src_target/* readRollout */.wW)(inputs.config, ports.context);
    ports.evidence.about({ service: file.service });
    const variables = variablesOf(inputs, file, ports);
    const configs = await (0,load/* resolveAll */.WZ)(file, { variables, secrets: inputs.secrets });
    const selected = plan_select(configs, file, inputs);
    const order = orderOf(configs, inputs);
    const ledger = (0,open_ledger/* openLedger */.a)(inputs.ledger, file.service, ports);
    const standings = await Promise.all(selected.map((config) => standing(ledger, config, inputs.digest, ports.context.runId)));
    const due = selected.filter((_, index) => standings[index]?.skip === undefined);
    const problems = [
        ...standings.flatMap(({ held }) => (held === undefined ? [] : [{ where: '', message: held }])),
        ...due.flatMap((config) => tooLong(config)),
        ...(await missingScripts(due, ports.context)),
        ...(await checkEnvironments(due, inputs['require-protection'], ports)),
    ];
    if (problems.length > 0)
        throw new errors/* InputError */.dz(problems);
    const forArm = (name, arm) => (0,load/* resolveRegion */.Zv)(file, name, { variables: { ...variables, arm } });
    const unreachable = await reachProblems(due, forArm, inputs.secrets, ports);
    if (unreachable.length > 0)
        throw new errors/* InputError */.dz(unreachable);
    const skipped = selected.flatMap((config, index) => {
        const reason = standings[index]?.skip;
        return reason === undefined ? [] : [{ name: config.region.name, environment: config.region.environment, reason }];
    });
    const regions = planned(selected, due, order.kind);
    const rollout = { service: file.service, release: { version: inputs.version, digest: inputs.digest }, order: order.kind, regions, skipped };
    return conclude(rollout, due, order, file, ports);
}
function variablesOf({ version, digest, image, ...inputs }, file, { context }) {
    return {
        version,
        digest,
        ...(image === undefined ? {} : { image }),
        commit: context.sha,
        'run-id': String(context.runId),
        'correlation-id': (0,src_target/* correlationOf */["in"])(inputs, file.service, context),
    };
}
function plan_select(configs, file, { regions }) {
    const { selected, unknown } = selectRegions(file.regions, regions);
    const known = file.regions.map(({ name }) => name).join(', ');
    if (unknown.length > 0)
        throw new errors/* InputError */.dz(unknown.map((name) => ({ where: 'input `regions`', message: `no region is named ${name}; known in ${file.path}: ${known}` })));
    if (selected.length === 0)
        throw new errors/* InputError */.dz([{ where: 'input `regions`', message: `names no region; write all or some of ${known}` }]);
    return configs.filter((config) => selected.some(({ name }) => name === config.region.name));
}
function orderOf([first], inputs) {
    const kind = inputs.order ?? first?.order.kind ?? 'serial';
    const delayMs = inputs.delay ?? first?.order.delay ?? 0;
    if (kind === 'delayed' && delayMs === 0)
        throw new errors/* InputError */.dz([{ where: 'input `delay`', message: 'is missing; order: delayed needs a delay here or in rollout.yml, for example 90m' }]);
    return { kind, delayMs: kind === 'delayed' ? delayMs : 0 };
}
/** The predecessor of a region is the one before it in the run, also when that one is skipped: it is proven like any other. */
function planned(selected, due, kind) {
    return place(selected, kind)
        .filter(({ region }) => due.includes(region))
        .map(({ region: { region, gates }, index, predecessor }) => ({
        name: region.name,
        environment: region.environment,
        'guard-environment': region['guard-environment'],
        index,
        predecessor: predecessor?.region.name ?? '',
        'predecessor-environment': predecessor?.region.environment ?? '',
        'predecessor-guard-environment': predecessor?.region['guard-environment'] ?? '',
        parts: {
            soak: kind === 'delayed' && predecessor !== undefined,
            before: gates.before !== undefined,
            'after-deploy': gates['after-deploy'] !== undefined,
            'after-rollout': gates['after-rollout'] !== undefined,
        },
    }));
}
function timingOf({ deploy, gates, canary }) {
    return {
        scriptTimeoutMs: deploy.script.timeout,
        gates: [gates['after-deploy'], gates['after-rollout']].flatMap((gate) => (gate ? [{ timeoutMs: gate.timeout, greenForMs: gate['green-for'] }] : [])),
        stages: (0,stage_plan/* planStages */.V)(canary.stages, canary.analysis),
    };
}
function tooLong(config) {
    const worst = worstCaseMs(timingOf(config));
    if (worst <= JOB_LIMIT_MS)
        return [];
    return [
        {
            where: config.region.name,
            message: `the deploy job could take ${(0,duration/* formatDuration */.a3)(worst)} at worst, and a hosted job is ended after 6h (${(0,duration/* formatDuration */.a3)(JOB_LIMIT_MS)} are planned with): shorten max-watch, the gates' timeouts or the script's timeout`,
        },
    ];
}
function conclude(rollout, due, { kind, delayMs }, file, ports) {
    const each = due.map((config) => expectedMs(timingOf(config)));
    const soaks = rollout.regions.filter(({ parts }) => parts.soak).length;
    const estimated = kind === 'parallel' ? Math.max(0, ...each) : each.reduce((sum, ms) => sum + ms, 0) + soaks * delayMs;
    const { service, release, regions, skipped } = rollout;
    const reason = regions.length === 0
        ? `all regions already run ${release.version}: ${skipped.map(({ name }) => name).join(', ')}`
        : `${release.version} goes to ${regions.map(({ name }) => name).join(', then ')}${skipped.length > 0 ? `; skipped: ${skipped.map(({ name }) => name).join(', ')}` : ''}`;
    ports.log.info(`${service}: ${reason}`);
    for (const { name, reason } of skipped)
        ports.log.info(`${name} is skipped: ${reason}`);
    ports.evidence.facts({ plan: rollout, configDigest: file.digest, estimatedMs: estimated });
    ports.summary.add(summarise(rollout, due, { reason, estimatedMs: estimated, delayMs }));
    return {
        outcome: 'planned',
        reason,
        service,
        regions,
        order: kind,
        'max-parallel': maxParallel(kind, regions.length),
        delay: (0,duration/* formatDuration */.a3)(delayMs),
        'delay-minutes': Math.ceil(delayMs / 60_000),
        'config-digest': file.digest,
        plan: rollout,
        'estimated-duration': (0,duration/* formatDuration */.a3)(estimated),
    };
}

// EXTERNAL MODULE: ./packages/ledger/src/predecessor.ts
var predecessor = __webpack_require__(17146);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/prove-region.ts




/** Whether one region may go ahead now, by the ledger alone. A `stop` is an answer, not a failure: the report says why. */
async function proveRegion(inputs, ports) {
    const target = await (0,src_target/* configuredTarget */.sn)(inputs, ports.context);
    const { service, region, environment } = target;
    ports.evidence.about({ service, region, environment });
    const ledger = (0,open_ledger/* openLedger */.a)(inputs.ledger, service, ports);
    const proof = inputs.predecessor ? await (0,predecessor/* provePredecessor */.o)(ledger, target.file, inputs.predecessor, inputs.digest) : undefined;
    if (proof && !proof.proven)
        return answer(false, `${region} does not start: ${proof.reason}`, proof.transaction, ports);
    const config = await target.config({ secrets: inputs.secrets });
    const { skip, held } = await standing(ledger, config, inputs.digest, ports.context.runId);
    if (held !== undefined)
        throw new errors/* InputError */.dz(held);
    if (skip !== undefined)
        return answer(false, `${region} needs nothing: ${skip}`, proof?.transaction, ports);
    return answer(true, `${region} may go ahead${proof ? `: ${proof.reason}` : ''}`, proof?.transaction, ports);
}
function answer(proceed, reason, transaction, ports) {
    ports.log.info(reason);
    ports.evidence.facts({ proceed });
    ports.summary.add(`### ${proceed ? 'May go ahead' : 'Stopped'}\n\n${(0,markdown/* escapeText */.X1)(reason)}.`);
    return { outcome: proceed ? 'proceed' : 'stop', reason, proceed, ...(transaction === undefined ? {} : { 'predecessor-transaction': transaction }) };
}

;// CONCATENATED MODULE: ./actions/rollout-plan/src/main.ts


/** Decides what a rollout will do, or whether one region may go ahead now, and says why. */
function main(inputs, ports) {
    return inputs.mode === 'plan' ? plan(inputs, ports) : proveRegion(inputs, ports);
}

// EXTERNAL MODULE: ./packages/rollout/src/plan.ts
var src_plan = __webpack_require__(64342);
;// CONCATENATED MODULE: ./actions/rollout-plan/src/outputs.ts


const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['planned', 'proceed', 'stop', 'invalid', 'failed', 'error', 'cancelled'])
        .describe('planned; with region: proceed | stop; invalid | failed | error | cancelled when it did not succeed'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    service: schemas/* string */.YjP().optional().describe('service of rollout.yml'),
    regions: schemas/* array */.YOg(src_plan/* plannedRegion */.V).optional().describe('JSON: the regions to roll out, in order, for a matrix'),
    order: schemas/* string */.YjP().optional().describe('serial | delayed | parallel'),
    'max-parallel': schemas/* number */.aig().optional().describe('how many regions at once'),
    delay: schemas/* string */.YjP().optional().describe('how long a region is watched before the next, such as 30m'),
    'delay-minutes': schemas/* number */.aig().optional().describe('the same in minutes, rounded up'),
    'config-digest': schemas/* string */.YjP().optional().describe('sha256 of rollout.yml'),
    plan: src_plan/* rolloutPlan */.h.optional().describe('JSON: the whole plan, for audit-summary'),
    'estimated-duration': schemas/* string */.YjP().optional().describe('how long it takes when all goes well, without approvals'),
    proceed: schemas/* boolean */.zMY().optional().describe('with region: true when it may go ahead'),
    'predecessor-transaction': schemas/* string */.YjP().optional().describe('with region: id of the predecessor\'s newest transaction'),
});

;// CONCATENATED MODULE: ./actions/rollout-plan/src/index.ts




/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'rollout-plan', inputs: inputs, outputs: outputs, main: main }));


/***/ }),

/***/ 5818:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  Rw: () => (/* binding */ LEAST_REQUESTS),
  LD: () => (/* binding */ decide),
  tC: () => (/* binding */ requestsToSee),
  HB: () => (/* binding */ unreachable)
});

// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./packages/analysis/src/verdict.ts
/** What a check or a stage came to. */
const verdicts = ['pass', 'inconclusive', 'error', 'fail'];
/** The verdict that decides among several: `fail > error > inconclusive > pass`. No verdict at all is no pass. */
function worst(list) {
    if (list.length === 0)
        return 'inconclusive';
    return list.reduce((a, b) => (verdicts.indexOf(b) > verdicts.indexOf(a) ? b : a));
}

;// CONCATENATED MODULE: ./packages/analysis/src/stage-watch.ts


/** Decides from budgets alone what a sample means for its stage (canary-analysis.md, "Verdict of a sample, and budgets"). */
function decide(budget, { elapsedMs, sinceGoodMs, requests, judgements }) {
    const verdict = worst(judgements.map((judgement) => judgement.verdict));
    const because = judgements.find((judgement) => judgement.verdict === verdict)?.reason ?? 'nothing was measured';
    if (verdict === 'fail' && budget.onFail === 'rollback')
        return { verdict, final: true, then: 'rollback', reason: because };
    if (sinceGoodMs >= budget.errorTimeoutMs && budget.onError === 'rollback')
        return { verdict: 'error', final: true, then: 'rollback', reason: `no good sample for ${(0,duration/* formatDuration */.a3)(sinceGoodMs)}: ${because}` };
    const enough = requests >= budget.minRequests;
    if (elapsedMs >= budget.watchMs && enough && verdict !== 'error')
        return { verdict: verdict === 'fail' ? 'fail' : 'pass', final: true, then: 'next', reason: because };
    if (elapsedMs >= budget.maxWatchMs) {
        const reason = `after the longest watch of ${(0,duration/* formatDuration */.a3)(budget.maxWatchMs)} ${verdict === 'error' ? because : tooFew(requests, budget)}`;
        const promote = budget.onInconclusive === 'promote' && verdict !== 'error';
        return { verdict: verdict === 'error' ? 'error' : 'inconclusive', final: true, then: promote ? 'next' : 'rollback', reason };
    }
    if (verdict === 'error')
        return { verdict, final: false, reason: because };
    return enough
        ? { verdict: verdict === 'fail' ? 'fail' : 'pass', final: false, reason: because }
        : { verdict: 'inconclusive', final: false, reason: tooFew(requests, budget) };
}
function tooFew(requests, { minRequests }) {
    return `the canary had ${requests} of the ${minRequests} requests that this stage needs`;
}
/** Requests without an error that show, with 95 % confidence, a rate below `limit`: ln 0.05 / ln(1 - limit). */
function requestsToSee(limit) {
    return Math.ceil(Math.log(0.05) / Math.log(1 - limit));
}
/** Without a limit a stage needs enough requests for a gross failure to show. */
const LEAST_REQUESTS = 20;
/**
 * Which stages cannot see as many requests as they need, at the traffic of the whole region.
 * @param requestsPerSecond of both arms together
 * @returns a sentence for each such stage, by its index
 */
function unreachable(requestsPerSecond, stages) {
    return stages.flatMap(({ weight, maxWatchMs, minRequests }, stage) => {
        const perSecond = (requestsPerSecond * weight) / 10_000;
        const seen = Math.floor((perSecond * maxWatchMs) / 1000);
        if (seen >= minRequests)
            return [];
        const needed = perSecond > 0 ? `; it would have to watch for ${(0,duration/* formatDuration */.a3)(Math.ceil(minRequests / perSecond) * 1000)}` : '';
        const message = `needs ${minRequests} requests (min-requests), but at ${Number(requestsPerSecond.toPrecision(3))} requests/s the canary sees ${seen} in its longest watch of ${(0,duration/* formatDuration */.a3)(maxWatchMs)}${needed}; lower min-requests or watch longer`;
        return [{ stage, message }];
    });
}


/***/ }),

/***/ 23076:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   V: () => (/* binding */ planStages),
/* harmony export */   o: () => (/* binding */ stagesOutOfReach)
/* harmony export */ });
/* harmony import */ var _deploy_actions_analysis__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(5818);

/** How often the longest watch is longer than the shortest, unless `max-watch` says it. */
const MAX_WATCH_FACTOR = 3;
/** Fills a stage's defaults: `min-requests` is what the tightest limit needs, the longest watch three times the watch. */
function planStages(stages, analysis) {
    return stages.map((stage) => {
        const limit = stage.limits['error-rate'];
        return {
            weight: stage.weight,
            watchMs: stage.watch,
            maxWatchMs: Math.max(stage.watch, analysis['max-watch'] ?? MAX_WATCH_FACTOR * stage.watch),
            errorTimeoutMs: analysis['error-timeout'],
            minRequests: stage['min-requests'] ?? analysis['min-requests'] ?? (limit === undefined ? _deploy_actions_analysis__WEBPACK_IMPORTED_MODULE_0__/* .LEAST_REQUESTS */ .Rw : (0,_deploy_actions_analysis__WEBPACK_IMPORTED_MODULE_0__/* .requestsToSee */ .tC)(limit)),
            onFail: analysis['on-fail'],
            onError: analysis['on-error'],
            onInconclusive: analysis['on-inconclusive'],
            ...(limit === undefined ? {} : { errorRate: limit }),
        };
    });
}
/** The stages that cannot reach `min-requests` at this traffic, a sentence each. */
function stagesOutOfReach(requestsPerSecond, plans) {
    return (0,_deploy_actions_analysis__WEBPACK_IMPORTED_MODULE_0__/* .unreachable */ .HB)(requestsPerSecond, plans).map(({ stage, message }) => `canary.stages[${stage}] (${(plans[stage]?.weight ?? 0) / 100}%): ${message}`);
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


/***/ }),

/***/ 66910:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   P: () => (/* binding */ createArmSampler)
/* harmony export */ });
/* harmony import */ var _registry__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(11718);

const questions = ['baseline requests', 'baseline errors', 'canary requests', 'canary errors'];
async function createArmSampler(settings, ports) {
    const asked = new Map();
    for (const name of questions) {
        const [arm, kind] = name.split(' ');
        const { source, ...query } = settings[arm][kind];
        asked.set(source, [...(asked.get(source) ?? []), { name, query }]);
    }
    const opened = new Map();
    for (const name of asked.keys())
        opened.set(name, await (0,_registry__WEBPACK_IMPORTED_MODULE_0__/* .openSource */ .o)(settings.sources[name], ports));
    let last = ports.clock.now();
    /** All queries of a sample go out at one instant. */
    const ask = async (signal) => {
        const answers = new Map();
        await Promise.all([...asked].map(async ([name, queries]) => {
            const results = await opened.get(name).sample(queries, signal);
            queries.forEach((query, index) => answers.set(query.name, results[index]));
        }));
        return answers;
    };
    return {
        async restart(signal) {
            await ask(signal);
            last = ports.clock.now();
        },
        async sample(signal) {
            const answers = await ask(signal);
            const at = ports.clock.now();
            const windowMs = at.getTime() - last.getTime();
            last = at;
            const problems = [];
            const baseline = armSample('baseline', answers, problems);
            const canary = armSample('canary', answers, problems);
            return { at: at.toISOString(), windowMs, ...(baseline ? { baseline } : {}), ...(canary ? { canary } : {}), problems };
        },
    };
}
/** Absent requests mean no traffic; absent errors beside known requests mean none. Anything else is not known. */
function armSample(arm, answers, problems) {
    const count = (kind) => {
        const answer = answers.get(`${arm} ${kind}`);
        if (!answer.problem)
            return answer.value;
        if (answer.problem.kind === 'absent')
            return 0;
        problems.push({ kind: answer.problem.kind, message: `${arm} ${kind}: ${answer.problem.message}` });
        return undefined;
    };
    const [requests, errors] = [count('requests'), count('errors')];
    if (requests === undefined || errors === undefined)
        return undefined;
    // Counters of several pages are not read at the very same instant: an error may be there before its request.
    return { requests: Math.max(requests, errors), errors };
}


/***/ }),

/***/ 79958:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   M: () => (/* binding */ preflight)
/* harmony export */ });
/** Asks every query once over one interval: the sources must answer, and the baseline must have traffic. */
async function preflight(sampler, intervalMs, { clock, signal }) {
    await sampler.restart(signal);
    await clock.sleep(intervalMs, signal);
    const { baseline, canary, windowMs, problems } = await sampler.sample(signal);
    if (!baseline || !canary)
        return { ok: false, reason: `the metrics gave no answer: ${problems.map(({ message }) => message).join('; ')}` };
    if (baseline.requests === 0)
        return { ok: false, reason: 'the baseline arm had no request in one interval: either it has no traffic, or the queries do not find it; a canary cannot be compared with it' };
    return { ok: true, baseline, requestsPerSecond: ((baseline.requests + canary.requests) * 1000) / windowMs };
}


/***/ }),

/***/ 64342:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   V: () => (/* binding */ plannedRegion),
/* harmony export */   h: () => (/* binding */ rolloutPlan)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var _transaction__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(55029);


/** One region of a plan, as the matrix of rollout.yml takes it; an empty predecessor is none. */
const plannedRegion = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    name: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    'guard-environment': zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    index: zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr(),
    predecessor: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    'predecessor-environment': zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    'predecessor-guard-environment': zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    parts: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ soak: zod__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zMY(), before: zod__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zMY(), 'after-deploy': zod__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zMY(), 'after-rollout': zod__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zMY() }),
});
/** What a run will do, what it leaves out and why. */
const rolloutPlan = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    service: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    release: _transaction__WEBPACK_IMPORTED_MODULE_1__/* .release */ ._r,
    order: zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(['serial', 'delayed', 'parallel']),
    regions: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(plannedRegion),
    skipped: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ name: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), reason: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP() })),
});


/***/ })

};
