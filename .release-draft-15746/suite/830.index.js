export const id = 830;
export const ids = [830];
export const modules = {

/***/ 90830:
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
;// CONCATENATED MODULE: ./actions/canary-step/src/inputs.ts


const inputs = schemas/* strictObject */.rej({
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    service: common_inputs/* commonInputs */.j.service.optional(),
    environment: common_inputs/* commonInputs */.j.environment.optional(),
    version: common_inputs/* commonInputs */.j.version.optional(),
    image: common_inputs/* commonInputs */.j.image.optional(),
    digest: common_inputs/* commonInputs */.j.digest.optional(),
    transaction: common_inputs/* commonInputs */.j.transaction.optional(),
    router: schemas/* string */.YjP().optional().describe('YAML as traffic.canary.router of rollout.yml; with it no rollout.yml is read'),
    arms: schemas/* string */.YjP().optional().describe('YAML as arms of rollout.yml'),
    metrics: schemas/* string */.YjP().optional().describe('YAML as metrics of rollout.yml; needed with router'),
    stages: schemas/* string */.YjP().optional().describe('YAML as canary.stages of rollout.yml'),
    analysis: schemas/* string */.YjP().optional().describe('YAML as canary.analysis of rollout.yml'),
    secrets: common_inputs/* commonInputs */.j.secrets,
    'dry-run': common_inputs/* commonInputs */.j['dry-run'],
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/config/src/stage-plan.ts
var stage_plan = __webpack_require__(23076);
// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
// EXTERNAL MODULE: ./packages/ledger/src/forward.ts
var forward = __webpack_require__(46666);
// EXTERNAL MODULE: ./packages/ledger/src/restore.ts
var restore = __webpack_require__(80829);
// EXTERNAL MODULE: ./packages/ledger/src/transaction-file.ts
var transaction_file = __webpack_require__(86570);
// EXTERNAL MODULE: ./packages/ledger/src/begin.ts
var begin = __webpack_require__(60874);
// EXTERNAL MODULE: ./packages/metrics/src/arm-sampler.ts
var arm_sampler = __webpack_require__(66910);
// EXTERNAL MODULE: ./packages/metrics/src/preflight.ts
var preflight = __webpack_require__(79958);
// EXTERNAL MODULE: ./packages/rollout/src/weights.ts
var src_weights = __webpack_require__(12468);
// EXTERNAL MODULE: ./packages/rollout/src/percent.ts
var percent = __webpack_require__(25148);
// EXTERNAL MODULE: ./packages/traffic/src/registry.ts
var registry = __webpack_require__(1238);
// EXTERNAL MODULE: ./packages/traffic/src/shift.ts
var shift = __webpack_require__(22285);
// EXTERNAL MODULE: ./packages/action-kit/src/context.ts
var context = __webpack_require__(86910);
// EXTERNAL MODULE: ./packages/notifiers/src/tell.ts
var tell = __webpack_require__(12156);
;// CONCATENATED MODULE: ./actions/canary-step/src/events.ts



const tellStage = (stage, walk, ports) => say(walk, { kind: 'stage', status: `${(0,percent/* formatPercent */.l9)(stage.weight)} ${stage.verdict}`, stage: report(stage), cause: stage.reason }, ports);
const tellPromoted = (walk, reason, ports) => say(walk, { kind: 'promoted', status: 'all traffic on the new release', cause: reason, next: 'the gate after the rollout, then the commit' }, ports);
function tellRestored(walk, { verified, rollbackMs, cause }, ports) {
    const stage = walk.stages.at(-1);
    return say(walk, {
        kind: verified ? 'restored' : 'restore-failed',
        status: verified ? `traffic is back at its restore point, verified ${rollbackMs} ms after the breach` : 'traffic could NOT be put back; a person is needed now',
        cause,
        ...(stage ? { stage: report(stage), impact: `${stage.errors} of ${stage.requests} canary requests failed in this stage` } : {}),
        next: verified ? 'the workload is restored, then the chain stops' : 'run the emergency rollback',
    }, ports);
}
const report = ({ weight, verdict, reason, durationMs }) => ({ weight, verdict, reason, durationMs });
async function say({ settings }, particulars, ports) {
    const { target, release, subscriptions } = settings;
    const { runId, attempt, workflowRef, actor } = ports.context;
    const links = [{ title: 'Run', url: (0,context/* runUrl */.V)(ports.context) }, ...Object.entries(settings.links).map(([title, url]) => ({ title, url }))];
    const event = {
        ...particulars,
        at: ports.clock.now().toISOString(),
        service: target.service,
        region: target.region,
        environment: target.environment,
        release,
        links,
        run: { id: runId, attempt, workflowRef, actor },
        correlationId: target.correlationId,
    };
    await (0,tell/* tell */.q)(event, subscriptions, { ...ports, secrets: settings.secrets });
}

// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/canary-step/src/report.ts


const BARS = '▁▂▃▄▅▆▇█';
/** Wider than this a line of samples wraps in GitHub's summary. */
const WIDEST = 60;
/** The section of the job summary: a row a stage, a line of the error rates, and why it ended. */
function summarise({ settings, stages, trail }, reason) {
    const rows = stages.map(({ weight, verdict, durationMs, requests, errors, reason }) => [
        (0,percent/* formatPercent */.l9)(weight),
        verdict,
        (0,duration/* formatDuration */.a3)(Math.round(durationMs / 1000) * 1000),
        String(requests),
        `${errors} (${(0,percent/* formatRate */.CE)(requests === 0 ? 0 : errors / requests)})`,
        reason,
    ]);
    const rates = trail.map(({ sample }) => (sample.canary && sample.canary.requests > 0 ? sample.canary.errors / sample.canary.requests : 0));
    const last = stages.at(-1);
    const title = last && last.verdict !== 'pass' ? `canary ${last.verdict} at ${(0,percent/* formatPercent */.l9)(last.weight)}` : 'canary';
    return [
        `### ${(0,markdown/* escapeText */.X1)(settings.target.region)}: ${title}`,
        '',
        `${(0,markdown/* escapeText */.X1)(reason)}`,
        '',
        (0,markdown/* table */.tp)(['Stage', 'Verdict', 'Watched', 'Canary requests', 'Failed', 'Why'], rows),
        '',
        `Canary error rate, a bar per sample (highest ${(0,percent/* formatRate */.CE)(Math.max(0, ...rates))}): \`${sparkline(rates)}\``,
    ].join('\n');
}
/** One bar per value, or per group of values where there are many; the highest of a group counts. */
function sparkline(values) {
    const size = Math.max(1, Math.ceil(values.length / WIDEST));
    const groups = Array.from({ length: Math.ceil(values.length / size) }, (_, index) => Math.max(...values.slice(index * size, (index + 1) * size)));
    const highest = Math.max(...groups, 0);
    return groups.map((value) => BARS[highest === 0 ? 0 : Math.round((value / highest) * (BARS.length - 1))]).join('');
}

// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/config/src/sections.ts
var sections = __webpack_require__(5654);
;// CONCATENATED MODULE: ./actions/canary-step/src/settings.ts



/** From rollout.yml, or, with `router`, from the inputs alone. @throws InputError with every problem at once */
function readSettings(inputs, ports) {
    return inputs.router === undefined ? fromConfig(inputs, ports) : fromInputs(inputs, inputs.router, ports);
}
async function fromConfig(inputs, ports) {
    const transaction = inputs.transaction === undefined ? undefined : await (0,forward/* joinTransaction */.R)(inputs.transaction, ports.context);
    const release = transaction?.record.release ?? (0,src_target/* releaseOf */.l7)(inputs);
    const target = await (0,src_target/* configuredTarget */.sn)({ ...inputs, ...release }, ports.context);
    const config = await target.config({ secrets: inputs.secrets });
    const own = await overrides(inputs);
    const analysis = own.analysis ?? config.canary.analysis;
    return {
        target,
        release,
        router: config.traffic.canary.router,
        arms: config.arms.names,
        config: { path: target.file.path, digest: target.file.digest },
        analysis,
        stages: (0,stage_plan/* planStages */.V)(own.stages ?? config.canary.stages, analysis),
        ...(transaction ? { transaction } : {}),
        async samplerFor({ baseline, canary }) {
            const [forBaseline, forCanary] = [await target.config({ arm: baseline }), await target.config({ arm: canary })];
            return {
                sources: forCanary.metrics.sources,
                baseline: forBaseline.metrics,
                canary: forCanary.metrics,
            };
        },
        subscriptions: config.notifications,
        links: config.evidence.links,
        secrets: inputs.secrets,
    };
}
async function fromInputs(inputs, router, ports) {
    const { metrics: text, transaction: id } = inputs;
    if (text === undefined || inputs.stages === undefined)
        throw new errors/* InputError */.dz(['metrics', 'stages'].filter((key) => inputs[key] === undefined).map((key) => ({ where: `input \`${key}\``, message: 'is missing; with `router` it has to be given, too' })));
    const transaction = id === undefined ? undefined : await (0,forward/* joinTransaction */.R)(id, ports.context);
    const release = transaction?.record.release ?? (0,src_target/* releaseOf */.l7)(inputs);
    const own = await overrides(inputs);
    const analysis = own.analysis ?? (await sections/* sections */.V.analysis('{}'));
    const metricsFor = (arm) => sections/* sections */.V.metrics(text.replaceAll('${arm}', arm));
    const arms = inputs.arms === undefined ? ['blue', 'green'] : (await sections/* sections */.V.arms(inputs.arms)).names;
    await metricsFor(arms[0]);
    return {
        target: (0,src_target/* bareTarget */.yS)(inputs, ports.context),
        release,
        router: await sections/* sections */.V.router(router),
        arms,
        analysis,
        stages: (0,stage_plan/* planStages */.V)(own.stages ?? [], analysis),
        ...(transaction ? { transaction } : {}),
        async samplerFor({ baseline, canary }) {
            const [forBaseline, forCanary] = [await metricsFor(baseline), await metricsFor(canary)];
            return { sources: forCanary.sources, baseline: forBaseline, canary: forCanary };
        },
        subscriptions: [],
        links: {},
        secrets: inputs.secrets,
    };
}
async function overrides(inputs) {
    return {
        ...(inputs.analysis === undefined ? {} : { analysis: await sections/* sections */.V.analysis(inputs.analysis) }),
        ...(inputs.stages === undefined ? {} : { stages: await sections/* sections */.V.stages(inputs.stages) }),
    };
}

;// CONCATENATED MODULE: ./packages/analysis/src/dispersion.ts
/** Samples per block: noise that lasts shows only when its whole length falls into one block. */
const BLOCKS = [1, 6, 12];
/** How many blocks make half of a trusted estimate. */
const HALF_TRUST = 4;
/**
 * How much more the error counts of an arm scatter than chance alone would make them (1 = as chance): the largest
 * Pearson dispersion over blocks of 1, 6 and 12 samples, drawn towards 1 while there are few blocks.
 */
function dispersion(samples) {
    return Math.max(1, ...BLOCKS.map((size) => ofBlocks(inBlocks(samples, size))));
}
function inBlocks(samples, size) {
    const blocks = [];
    for (let start = 0; start + size <= samples.length; start += size) {
        const block = { requests: 0, errors: 0 };
        for (const sample of samples.slice(start, start + size)) {
            block.requests += sample.requests;
            block.errors += sample.errors;
        }
        if (block.requests > 0)
            blocks.push(block);
    }
    return blocks;
}
function ofBlocks(blocks) {
    const requests = blocks.reduce((sum, block) => sum + block.requests, 0);
    const errors = blocks.reduce((sum, block) => sum + block.errors, 0);
    if (blocks.length < 2 || errors === 0)
        return 1;
    const rate = errors / requests;
    const pearson = blocks.reduce((sum, block) => sum + (block.errors - block.requests * rate) ** 2 / (block.requests * rate), 0);
    const freedom = blocks.length - 1;
    return 1 + (pearson / freedom - 1) * (freedom / (freedom + HALF_TRUST));
}

;// CONCATENATED MODULE: ./packages/analysis/src/error-evidence.ts
/**
 * Rate ratios over which the evidence is averaged. The average of e-processes is an e-process, so no ratio has to be
 * guessed beforehand (../reference: progressive delivery, 5.4; Lindon & Malek, arXiv:2011.03567).
 */
const RATIOS = [1.5, 2, 3, 5, 8, 13, 20, 40];
/** Rates are kept below 1, where the logarithm of success is still finite. */
const HIGHEST_RATE = 0.999;
function compareRates() {
    const logs = RATIOS.map(() => 0);
    // Of all errors of an interval, the share expected in the canary when its rate is r times the baseline's.
    const share = (r, canary, baseline) => (r * canary) / (r * canary + baseline);
    return {
        add(canary, baseline, margin) {
            if (canary.requests === 0 || baseline.requests === 0 || canary.errors + baseline.errors === 0)
                return;
            const allowed = share(margin, canary.requests, baseline.requests);
            RATIOS.forEach((ratio, k) => {
                const worse = share(ratio * margin, canary.requests, baseline.requests);
                logs[k] =
                    (logs[k] ?? 0) +
                        canary.errors * Math.log(worse / allowed) +
                        baseline.errors * Math.log((1 - worse) / (1 - allowed));
            });
        },
        log: (dispersion) => logMean(logs, dispersion),
    };
}
function exceedsLimit(limit) {
    const rates = RATIOS.map((ratio) => Math.min(ratio * limit, Math.max(HIGHEST_RATE, limit)));
    const logs = RATIOS.map(() => 0);
    return {
        add({ requests, errors }) {
            rates.forEach((rate, k) => {
                logs[k] =
                    (logs[k] ?? 0) +
                        errors * Math.log(rate / limit) +
                        (requests - errors) * Math.log((1 - rate) / (1 - limit));
            });
        },
        log: (dispersion) => logMean(logs, dispersion),
    };
}
/** log of the mean of exp(logs / dispersion), without overflow. */
function logMean(logs, dispersion) {
    const scaled = logs.map((log) => log / dispersion);
    const highest = Math.max(...scaled);
    return highest + Math.log(scaled.reduce((sum, log) => sum + Math.exp(log - highest), 0) / scaled.length);
}
/**
 * Upper confidence bound of a rate from `errors` of `requests`: Wilson's score bound (JASA 22, 1927) at `z` standard
 * errors. Returns 1 without requests.
 */
function upperBound({ requests, errors }, z) {
    if (requests === 0)
        return 1;
    const rate = errors / requests;
    const centre = rate + z ** 2 / (2 * requests);
    const spread = z * Math.sqrt((rate * (1 - rate)) / requests + z ** 2 / (4 * requests ** 2));
    return Math.min(1, (centre + spread) / (1 + z ** 2 / requests));
}

;// CONCATENATED MODULE: ./packages/analysis/src/sample.ts
/** Adds up the samples of one arm. */
function total(samples) {
    const sum = { requests: 0, errors: 0 };
    for (const sample of samples) {
        sum.requests += sample?.requests ?? 0;
        sum.errors += sample?.errors ?? 0;
    }
    return sum;
}

;// CONCATENATED MODULE: ./packages/analysis/src/sequential.ts




/** Half of this many requests failing is no matter of statistics. */
const GROSS_REQUESTS = 20;
/** Scatter is measured over at most this many of the newest samples, so that memory does not grow with time. */
const REMEMBERED = 720;
/** One-sided 99 % point of the normal distribution, for the baseline's bound at 100 %. */
const Z_99 = 2.326;
function createSequentialJudge(settings, stages) {
    const limits = [...new Set(stages.map(({ errorRate }) => errorRate).filter((limit) => limit !== undefined))];
    // Comparison with the baseline while it has traffic, with its bound when it has none, and every distinct limit.
    const alpha = settings.alpha / (2 + limits.length);
    const bar = 1 / alpha;
    const comparison = compareRates();
    const limitEvidence = new Map(limits.map((limit) => [limit, exceedsLimit(limit)]));
    const baselineSamples = [];
    const baselineSum = { requests: 0, errors: 0 };
    const perStage = stages.map(() => ({ baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }));
    let newest = [];
    let bound;
    const margin = () => settings.margin.ratio + settings.margin.absolute / ((baselineSum.errors + 0.5) / (baselineSum.requests + 1));
    const learn = (baseline) => {
        baselineSamples.push(baseline);
        if (baselineSamples.length > REMEMBERED)
            baselineSamples.shift();
        add(baselineSum, baseline);
    };
    const judgeComparison = (canary, baseline) => {
        comparison.add(canary, baseline, margin());
        learn(baseline);
        const value = Math.exp(comparison.log(dispersion(baselineSamples)));
        const [c, b] = [total(perStage.map((stage) => stage.canary)), total(perStage.map((stage) => stage.baseline))];
        const worse = value >= bar;
        return {
            metric: 'errors-against-baseline',
            verdict: worse ? 'fail' : 'pass',
            reason: `canary ${failed(c)}, baseline ${failed(b)}: ${times(c, b)}, evidence ${odds(value)}, bar ${odds(bar)}`,
            evidence: { value, bar },
            observed: { canaryRequests: c.requests, canaryErrors: c.errors, baselineRequests: b.requests, baselineErrors: b.errors },
        };
    };
    /** At 100 % the baseline is silent: what its rate can have been at most, times the margin, is one more limit. */
    const judgeBound = (canary) => {
        if (baselineSum.requests === 0)
            return [];
        bound ??= boundOf(baselineSum, settings);
        add(bound.sum, canary);
        bound.evidence.add(canary);
        return [againstLimit('errors-against-earlier-baseline', bound.limit, bound.evidence, bound.sum)];
    };
    const againstLimit = (metric, limit, evidence, sum) => {
        const value = Math.exp(evidence.log(dispersion(baselineSamples)));
        return {
            metric,
            verdict: value >= bar ? 'fail' : 'pass',
            reason: `canary ${failed(sum)}, limit ${(0,percent/* formatRate */.CE)(limit)}, evidence ${odds(value)}, bar ${odds(bar)}`,
            evidence: { value, bar },
            limit,
            observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
        };
    };
    const judgeGross = (canary) => {
        newest.push(canary);
        while (newest.length > 1 && total(newest.slice(1)).requests >= GROSS_REQUESTS)
            newest = newest.slice(1);
        const sum = total(newest);
        if (sum.requests < GROSS_REQUESTS || sum.errors * 2 < sum.requests)
            return [];
        return [
            {
                metric: 'gross-failure',
                verdict: 'fail',
                reason: `canary ${failed(sum)}: half or more of at least ${GROSS_REQUESTS}`,
                observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
            },
        ];
    };
    return {
        learn,
        seen: (stage) => perStage[stage] ?? { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } },
        judge({ canary, baseline, problems }, stage) {
            if (!canary)
                return [unknown(problems.map(({ message }) => message))];
            const seen = perStage[stage];
            if (seen)
                add(seen.canary, canary);
            if (seen && baseline)
                add(seen.baseline, baseline);
            const limit = stages[stage]?.errorRate;
            const evidence = limit === undefined ? undefined : limitEvidence.get(limit);
            evidence?.add(canary);
            const hasBaseline = baseline !== undefined && baseline.requests > 0;
            return [
                ...judgeGross(canary),
                ...(hasBaseline ? [judgeComparison(canary, baseline)] : judgeBound(canary)),
                ...(limit !== undefined && evidence
                    ? [againstLimit('error-rate', limit, evidence, total(perStage.filter((_, index) => stages[index]?.errorRate === limit).map((sum) => sum.canary)))]
                    : []),
            ];
        },
    };
}
function boundOf(baseline, { margin }) {
    const limit = Math.min(0.99, upperBound(baseline, Z_99) * margin.ratio + margin.absolute);
    return { limit, evidence: exceedsLimit(limit), sum: { requests: 0, errors: 0 } };
}
function unknown(why) {
    return { metric: 'errors', verdict: 'error', reason: `the metrics gave no answer: ${[...new Set(why)].join('; ')}`, observed: {} };
}
function add(sum, sample) {
    sum.requests += sample.requests;
    sum.errors += sample.errors;
}
const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
function failed({ requests, errors }) {
    return `${count.format(errors)} of ${count.format(requests)} requests failed (${(0,percent/* formatRate */.CE)(requests === 0 ? 0 : errors / requests)})`;
}
function times(canary, baseline) {
    if (canary.requests === 0 || baseline.requests === 0)
        return 'no ratio yet';
    if (baseline.errors === 0)
        return canary.errors === 0 ? 'both without errors' : 'the baseline had none';
    return `${Number(((canary.errors / canary.requests) / (baseline.errors / baseline.requests)).toPrecision(2))} times`;
}
/** Evidence as people bet on it: 9,400 -> `1:9,400`; below 1 it speaks for the canary. */
function odds(value) {
    return value >= 1 ? `1:${count.format(Math.min(value, 1e15))}` : `${Number((1 / value).toPrecision(2)) > 1e6 ? 'over 1,000,000' : count.format(1 / value)}:1`;
}

// EXTERNAL MODULE: ./packages/analysis/src/stage-watch.ts + 1 modules
var stage_watch = __webpack_require__(5818);
;// CONCATENATED MODULE: ./actions/canary-step/src/stage.ts


/** A judge for these stages, with the false-alarm probability and margin of the analysis. */
function judgeFor(stages, { alpha, margin }) {
    return createSequentialJudge({ alpha, margin }, stages.map(({ errorRate }) => (errorRate === undefined ? {} : { errorRate })));
}
/** Samples and judges from the moment a stage's weight is in effect until the stage has its verdict. */
async function watchStage({ index, plan, judge, sampler, intervalMs, clock, signal, log, trail }) {
    await sampler.restart(signal);
    const began = clock.now().getTime();
    let lastGood = began;
    let said = '';
    for (let tick = 1;; tick++) {
        // Absolute deadlines: a slow answer must not stretch every later interval.
        await clock.sleep(Math.max(0, began + tick * intervalMs - clock.now().getTime()), signal);
        const sample = await sampler.sample(signal);
        const decidedAtMs = clock.realMs();
        const now = clock.now().getTime();
        const judgements = judge.judge(sample, index);
        trail.push({ stage: index, sample, judgements });
        if (sample.canary)
            lastGood = now;
        tick = Math.max(tick, Math.floor((now - began) / intervalMs));
        const { requests } = judge.seen(index).canary;
        const decision = (0,stage_watch/* decide */.LD)(plan, { elapsedMs: now - began, sinceGoodMs: now - lastGood, requests, judgements });
        const line = `${(0,percent/* formatPercent */.l9)(plan.weight)}: ${decision.verdict}: ${decision.reason}`;
        // One line per change of verdict, and the end.
        if (decision.final || decision.verdict !== said)
            log.info(`[${(0,duration/* formatDuration */.a3)(Math.round((now - began) / 1000) * 1000)}] ${line}`);
        said = decision.verdict;
        if (decision.final)
            return { ...decision, durationMs: now - began, decidedAtMs };
    }
}

;// CONCATENATED MODULE: ./actions/canary-step/src/main.ts










/** Walks the canary through its stages; puts the traffic back at once when one fails, and proves it. */
async function main(inputs, ports) {
    const settings = await readSettings(inputs, ports);
    const { service, region, environment } = settings.target;
    ports.evidence.about({ service, region, environment });
    const ledger = (0,open_ledger/* openLedger */.a)(settings.transaction?.ledger ?? inputs.ledger, service, ports);
    if (inputs['dry-run'])
        return wouldWalk(settings, ledger, inputs, ports);
    const transaction = settings.transaction ?? (await main_open(settings, ledger, inputs, false, ports));
    ports.evidence.about({ transaction: transaction.record.id });
    const walk = { settings, stages: [], trail: [] };
    try {
        await walkStages(walk, transaction, ledger, ports);
    }
    catch (error) {
        // A cancelled run has seconds: its posts put the traffic back.
        if (error instanceof errors/* Cancelled */.cJ)
            throw cancelled(walk, error, ports);
        throw await putBack(walk, transaction, ledger, error, ports);
    }
    if (!settings.transaction)
        await commitOwn(transaction, ledger, ports);
    return promoted(walk, ports);
}
async function walkStages(walk, transaction, ledger, ports) {
    const { settings, trail } = walk;
    const { arms } = transaction.settings;
    const judge = judgeFor(settings.stages, settings.analysis);
    const sampler = await (0,arm_sampler/* createArmSampler */.P)(await settings.samplerFor(arms), { ...ports, secrets: settings.secrets });
    judge.learn(await provenTraffic(settings, sampler, ports));
    const router = await (0,registry/* openRouter */.Y)(settings.router, ports, [arms.baseline, arms.canary]);
    for (const [index, plan] of settings.stages.entries()) {
        await (0,forward/* mustBeOpen */.z)(ledger, transaction.record);
        const wanted = (0,src_weights/* canaryWeights */.Aw)(arms, plan.weight);
        ports.log.info(`stage ${index + 1} of ${settings.stages.length}: ${(0,src_weights/* formatWeights */.V7)(wanted)}`);
        await (0,shift/* shift */.BN)(router, wanted, await router.read(ports.signal), ports, shift/* defaultShift */.oA);
        const end = await watchStage({ index, plan, judge, sampler, intervalMs: settings.analysis.interval, trail, ...ports });
        const seen = judge.seen(index).canary;
        const result = { weight: plan.weight, verdict: end.verdict, reason: end.reason, durationMs: end.durationMs, ...seen };
        walk.stages.push(result);
        if (end.then === 'rollback')
            throw new StageFailed(result, end.decidedAtMs);
        await tellStage(result, walk, ports);
    }
}
/** A stage's verdict sends the traffic back. */
class StageFailed extends errors/* GateFailed */.jG {
    stage;
    decidedAtMs;
    constructor(stage, 
    /** real milliseconds of the sample that decided */
    decidedAtMs) {
        super(`${(0,percent/* formatPercent */.l9)(stage.weight)}: ${stage.reason}`);
        this.stage = stage;
        this.decidedAtMs = decidedAtMs;
    }
}
/** Before any traffic moves: the metrics answer, the baseline has traffic, and every stage can see what it must. */
async function provenTraffic({ analysis, stages }, sampler, ports) {
    const seen = await (0,preflight/* preflight */.M)(sampler, analysis.interval, ports);
    if (!seen.ok)
        throw new errors/* GateFailed */.jG(`no traffic was moved: ${seen.reason}`);
    const problems = (0,stage_plan/* stagesOutOfReach */.o)(seen.requestsPerSecond, stages);
    if (problems.length > 0)
        throw new errors/* InputError */.dz(problems.map((message) => ({ where: '', message })));
    return seen.baseline;
}
/** Writes the restore point back, proves it, tells people, and gives the error that ends the action. */
async function putBack(walk, transaction, ledger, error, ports) {
    const started = error instanceof StageFailed ? error.decidedAtMs : ports.clock.realMs();
    ports.log.error(`traffic is put back: ${(0,errors/* messageOf */.bD)(error)}`);
    const points = await (0,restore/* restoreTraffic */.Y)(transaction.record, transaction.settings, ports);
    const rollbackMs = Math.round(ports.clock.realMs() - started);
    const verified = points.every(({ ok }) => ok);
    for (const { ok, detail } of points)
        ports.log.info(`traffic ${ok ? 'restored and verified' : 'NOT restored'}: ${detail}`);
    if (verified)
        await (0,transaction_file/* saveJobTransaction */.hG)(ports.context.temp, { ...transaction, state: walk.settings.transaction ? 'traffic-restored' : 'restored' });
    if (!walk.settings.transaction)
        await closeOwn(transaction, ledger, verified, points, ports);
    note(walk, ports, { restored: points, rollbackMs });
    await tellRestored(walk, { verified, rollbackMs, cause: (0,errors/* messageOf */.bD)(error) }, ports);
    const last = walk.stages.at(-1);
    const reason = verified
        ? `${(0,errors/* messageOf */.bD)(error)}; traffic is back at ${points.map(({ weights }) => (0,src_weights/* formatWeights */.V7)(weights ?? {})).join(', ')}, verified after ${rollbackMs} ms`
        : `${(0,errors/* messageOf */.bD)(error)}; traffic could NOT be put back: ${points.map(({ detail }) => detail).join('; ')}`;
    ports.summary.add(summarise(walk, reason));
    const verdict = error instanceof StageFailed && last && last.verdict !== 'pass' ? last.verdict : 'error';
    const outputs = { verdict, ...position(walk), 'rolled-back': true, 'rollback-verified': verified, 'rollback-ms': rollbackMs };
    return new errors/* GateFailed */.jG(reason, { cause: error instanceof StageFailed ? undefined : error, outputs });
}
/** Without a transaction of the job, the walk is one of its own: opened before the first write, closed here. */
function main_open(settings, ledger, inputs, dryRun, ports) {
    const { target, release, router, arms, config } = settings;
    return (0,begin/* beginTransaction */.CR)({ ...target, ledgerSpec: inputs.ledger, ledger, release, router, arms, ...(config ? { config } : {}), dryRun }, ports);
}
async function commitOwn(transaction, ledger, ports) {
    const { id, release } = transaction.record;
    await ledger.mark(id, 'committed', `${release.version} serves all on ${transaction.settings.arms.canary}`);
    await (0,transaction_file/* saveJobTransaction */.hG)(ports.context.temp, { ...transaction, state: 'committed' });
}
async function closeOwn({ record }, ledger, verified, points, ports) {
    const note = points.map(({ detail }) => detail).join('; ');
    try {
        await ledger.mark(record.id, 'restoring', 'canary-step');
        await ledger.mark(record.id, verified ? 'restored' : 'restore-failed', note);
    }
    catch (error) {
        ports.log.warning(`the ledger could not be told of the restore: ${(0,errors/* messageOf */.bD)(error)}`);
    }
}
async function wouldWalk(settings, ledger, inputs, ports) {
    const { settings: found } = settings.transaction ?? (await main_open(settings, ledger, inputs, true, ports));
    for (const { weight } of settings.stages)
        ports.log.info(`would set ${(0,src_weights/* formatWeights */.V7)((0,src_weights/* canaryWeights */.Aw)(found.arms, weight))}`);
    return { outcome: 'would-promote', verdict: 'pass', reason: `would walk through ${settings.stages.map(({ weight }) => (0,percent/* formatPercent */.l9)(weight)).join(', ')}` };
}
async function promoted(walk, ports) {
    const reason = `all ${walk.stages.length} stages passed; ${walk.stages.at(-1)?.reason ?? ''}`;
    note(walk, ports, {});
    await tellPromoted(walk, reason, ports);
    ports.summary.add(summarise(walk, reason));
    return { outcome: 'promoted', verdict: 'pass', reason, ...position(walk), 'rolled-back': false };
}
function cancelled(walk, error, ports) {
    note(walk, ports, {});
    ports.summary.add(summarise(walk, 'cancelled; the traffic is put back at the end of the job'));
    return new errors/* Cancelled */.cJ('the run was cancelled; the traffic is put back by the post step', { cause: error, outputs: { verdict: 'error', ...position(walk) } });
}
function position({ stages }) {
    return { stage: stages.length, weight: (0,percent/* formatPercent */.l9)(stages.at(-1)?.weight ?? 0), stages };
}
function note({ stages, trail, settings }, ports, more) {
    ports.evidence.facts({ stages, samples: trail, analysis: settings.analysis, ...more });
}

;// CONCATENATED MODULE: ./actions/canary-step/src/outputs.ts

/** What one stage came to. */
const stageResult = schemas/* object */.Ikc({
    /** basis points */
    weight: schemas/* int */.Whr(),
    verdict: schemas/* enum */.k5n(['pass', 'fail', 'inconclusive', 'error', 'cancelled']),
    reason: schemas/* string */.YjP(),
    durationMs: schemas/* number */.aig(),
    requests: schemas/* int */.Whr(),
    errors: schemas/* int */.Whr(),
});
const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['promoted', 'would-promote', 'invalid', 'failed', 'error', 'cancelled'])
        .describe('promoted; would-promote with dry-run; invalid | failed | error | cancelled when it did not succeed'),
    verdict: schemas/* enum */.k5n(['pass', 'fail', 'inconclusive', 'error']).describe('pass | fail | inconclusive | error'),
    reason: schemas/* string */.YjP().describe('why, in one sentence with the numbers'),
    stage: schemas/* number */.aig().optional().describe('number of the last stage, from 1'),
    weight: schemas/* string */.YjP().optional().describe('share of the traffic at the last stage, in percent'),
    stages: schemas/* array */.YOg(stageResult).optional().describe('JSON: weight, verdict, reason, duration and counts of each stage'),
    'rolled-back': schemas/* boolean */.zMY().optional().describe('true when the traffic was put back'),
    'rollback-verified': schemas/* boolean */.zMY().optional().describe('true when the router itself showed the restore point'),
    'rollback-ms': schemas/* number */.aig().optional().describe('real milliseconds from the breaching sample to the verified read-back'),
});

;// CONCATENATED MODULE: ./actions/canary-step/src/index.ts





/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'canary-step', inputs: inputs, outputs: outputs, main: main, post: unfinished/* restoreUnfinishedTraffic */.j }));


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
