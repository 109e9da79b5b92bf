export const id = 137;
export const ids = [137];
export const modules = {

/***/ 73137:
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
// EXTERNAL MODULE: ./node_modules/zod/v4/core/core.js
var core = __webpack_require__(88532);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/coerce.js
var coerce = __webpack_require__(49567);
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
// EXTERNAL MODULE: ./packages/rollout/src/plan.ts
var plan = __webpack_require__(64342);
;// CONCATENATED MODULE: ./actions/audit-summary/src/inputs.ts



const inputs_plan = schemas/* string */.YjP().transform((text, context) => {
    try {
        return plan/* rolloutPlan */.h.parse(JSON.parse(text));
    }
    catch (cause) {
        context.addIssue({ code: 'custom', message: `is no plan (${cause.message.split('\n')[0]}); pass the output plan of rollout-plan` });
        return core/* NEVER */.tm;
    }
});
const inputs = schemas/* strictObject */.rej({
    mode: schemas/* enum */.k5n(['collect', 'report']).describe('collect: first step of a job; report: last job of a run').meta({ example: 'collect' }),
    service: common_inputs/* commonInputs */.j.service.optional(),
    region: schemas/* string */.YjP().optional().describe('region of this job, for the name of its evidence'),
    'job-id': coerce/* number */.ai().int().optional().describe('id of this job in GitHub\'s API; the default knows it'),
    plan: inputs_plan.optional().describe('with report: the output plan of rollout-plan; every region of it must be promoted or skipped'),
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
});

;// CONCATENATED MODULE: ./actions/audit-summary/src/collect.ts

/** What main tells post: whose chain it will upload. */
const collecting = schemas/* strictObject */.rej({ artifact: schemas/* string */.YjP(), jobId: schemas/* int */.Whr().nullable(), region: schemas/* string */.YjP().nullable() });
const COLLECTING = 'collecting';
/** Names the chain of this job. As the first step of the job its post runs last, after every restoring post. */
function collect(inputs, ports) {
    const { job, attempt } = ports.context;
    const { service, region } = inputs;
    ports.evidence.about({ ...(service === undefined ? {} : { service }), ...(region === undefined ? {} : { region }) });
    const artifact = ['evidence', service ?? 'rollout', region ?? 'all', job, attempt].join('-');
    const state = { artifact, jobId: inputs['job-id'] ?? null, region: region ?? null };
    ports.state.save(COLLECTING, JSON.stringify(state));
    const reason = `the evidence of this job will be uploaded as ${artifact}`;
    ports.log.info(reason);
    return Promise.resolve({ outcome: 'collecting', reason });
}

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/evidence/src/chain.ts + 1 modules
var chain = __webpack_require__(39860);
;// CONCATENATED MODULE: ./actions/audit-summary/src/chains.ts



/** Downloads every evidence artifact of this run by id and digest, and checks every link of every chain. */
async function gatherChains({ artifacts, context }) {
    const own = (await artifacts.list()).filter(({ name }) => name.startsWith('evidence-'));
    const chains = await Promise.all(own.map(async (artifact) => {
        const folder = (0,external_node_path_.join)(context.temp, 'deploy-actions', 'gathered', String(artifact.id));
        await (0,promises_.mkdir)(folder, { recursive: true });
        await artifacts.download(artifact, folder);
        const { manifest, records, problems } = await (0,chain/* readChain */.UM)(folder);
        return {
            artifact: artifact.name,
            jobId: manifest?.jobId ?? null,
            job: manifest?.job ?? artifact.name,
            region: manifest?.region ?? null,
            head: manifest?.head ?? null,
            records,
            problems,
        };
    }));
    return chains.sort((a, b) => (a.records[0]?.startedAt ?? '').localeCompare(b.records[0]?.startedAt ?? ''));
}

;// CONCATENATED MODULE: ./actions/audit-summary/src/jobs.ts

/** The name of the step by which a job of our templates is known. */
const COLLECT_STEP = 'Open the evidence chain';
const job = schemas/* looseObject */._H3({
    id: schemas/* int */.Whr(),
    name: schemas/* string */.YjP(),
    conclusion: schemas/* string */.YjP().nullable(),
    started_at: schemas/* string */.YjP().nullish(),
    completed_at: schemas/* string */.YjP().nullish(),
    runner_name: schemas/* string */.YjP().nullish(),
    steps: schemas/* array */.YOg(schemas/* looseObject */._H3({ name: schemas/* string */.YjP() })).nullish(),
});
/** Every job of this attempt. */
async function listJobs({ github, context }) {
    const jobs = await github.list('GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs', { run_id: context.runId, attempt_number: context.attempt }, { permission: 'actions: read', pick: 'jobs' });
    return jobs.map((item) => {
        const { id, name, conclusion, started_at, completed_at, runner_name, steps } = job.parse(item);
        return {
            id,
            name,
            conclusion,
            startedAt: started_at ?? null,
            completedAt: completed_at ?? null,
            ran: Boolean(runner_name),
            ours: (steps ?? []).some((step) => step.name === COLLECT_STEP),
        };
    });
}
const review = schemas/* looseObject */._H3({
    state: schemas/* string */.YjP(),
    comment: schemas/* string */.YjP().nullish(),
    user: schemas/* looseObject */._H3({ login: schemas/* string */.YjP() }).nullish(),
    environments: schemas/* array */.YOg(schemas/* looseObject */._H3({ name: schemas/* string */.YjP() })),
});
async function listApprovals({ github, context }) {
    const reviews = await github.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals', { run_id: context.runId }, { permission: 'actions: read' });
    return reviews.flatMap((item) => {
        const { state, comment, user, environments } = review.parse(item);
        return environments.map(({ name }) => ({ environment: name, state, by: user?.login ?? '', comment: comment ?? '' }));
    });
}

// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/audit-summary/src/markdown.ts


/** The report as the run's summary shows it: regions first, then who approved, what ran, and how whole the evidence is. */
function reportMarkdown({ plan, regions, jobs, approvals, complete, problems, root, run }) {
    const title = plan ? `${plan.service} ${plan.release.version}` : `run ${run.id}`;
    return [
        `## Rollout report: ${(0,markdown/* escapeText */.X1)(title)}`,
        '',
        ...(regions.length > 0
            ? [(0,markdown/* table */.tp)(['Region', 'Outcome', 'Why', 'Transaction'], regions.map(({ name, outcome, reason, transaction }) => [name, outcome, reason, transaction ?? '-'])), '', ...happened(regions), '']
            : []),
        ...(approvals.length > 0 ? ['### Approvals', '', (0,markdown/* table */.tp)(['Environment', 'State', 'By', 'Comment'], approvals.map(({ environment, state, by, comment }) => [environment, state, by, comment])), ''] : []),
        '### Jobs',
        '',
        (0,markdown/* table */.tp)(['Job', 'Conclusion', 'Took', 'Records', 'Chain head'], jobs.filter(({ ran }) => ran).map(({ name, conclusion, startedAt, completedAt, records, head }) => [name, conclusion ?? 'running', took(startedAt, completedAt), String(records), head?.slice(0, 19) ?? '-'])),
        '',
        complete ? `Evidence is complete. Root \`${root}\`.` : `**Evidence is not complete.** Root of what is there: \`${root}\`.`,
        ...problems.map((problem) => `- ${(0,markdown/* escapeText */.X1)(problem)}`),
    ].join('\n');
}
const styles = { promoted: 'fill:#dafbe1,stroke:#1a7f37', skipped: 'fill:#f6f8fa,stroke:#8c959f', 'not-started': 'fill:#f6f8fa,stroke:#8c959f' };
const FAILED = 'fill:#ffebe9,stroke:#cf222e';
/** What really happened, region by region. */
function happened(regions) {
    const nodes = regions.map(({ name, outcome }, index) => `  r${index}["${name}: ${outcome}"]`);
    const arrows = regions.slice(1).map((_, index) => `  r${index} --> r${index + 1}`);
    const colours = regions.map(({ outcome }, index) => `  style r${index} ${styles[outcome] ?? FAILED}`);
    return ['```mermaid', 'flowchart LR', ...nodes, ...arrows, ...colours, '```'];
}
function took(startedAt, completedAt) {
    if (startedAt === null || completedAt === null)
        return '-';
    return (0,duration/* formatDuration */.a3)(Math.round((Date.parse(completedAt) - Date.parse(startedAt)) / 1000) * 1000);
}

// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
// EXTERNAL MODULE: ./packages/ledger/src/ledger.ts
var src_ledger = __webpack_require__(71454);
;// CONCATENATED MODULE: ./actions/audit-summary/src/regions.ts

const outcomes = {
    committed: 'promoted',
    restored: 'restored',
    unverified: 'unverified',
    'restore-failed': 'restore-failed',
    open: 'unfinished',
    restoring: 'unfinished',
    superseded: 'not-started',
};
async function regionResults(plan, ledgerSpec, ports) {
    const ledger = (0,open_ledger/* openLedger */.a)(ledgerSpec, plan.service, ports);
    const due = await Promise.all(plan.regions.map(async ({ name, environment }) => {
        const entry = await (0,src_ledger/* newest */.BP)(ledger, environment);
        if (!entry || entry.record.run.id !== ports.context.runId)
            return { name, environment, outcome: 'not-started', reason: 'this run opened no transaction there', transaction: null };
        return { name, environment, outcome: outcomes[entry.state], reason: entry.note, transaction: entry.record.id };
    }));
    return [...due, ...plan.skipped.map(({ name, environment, reason }) => ({ name, environment, outcome: 'skipped', reason, transaction: null }))];
}

;// CONCATENATED MODULE: ./actions/audit-summary/src/report.ts








/** Gathers and verifies the evidence of the run, and says whether every planned region is where it should be. */
async function report(inputs, ports) {
    const service = inputs.plan?.service ?? inputs.service;
    if (service !== undefined)
        ports.evidence.about({ service });
    const evidence = await gather(inputs, ports);
    const markdown = reportMarkdown(evidence);
    const artifact = await upload(evidence, markdown, ports);
    ports.summary.add(markdown);
    const { complete, root, regions, problems } = evidence;
    ports.evidence.facts({ complete, root, problems, regions });
    for (const problem of problems)
        ports.log.warning(problem);
    const outputs = {
        'artifact-id': artifact.id,
        ...(artifact.digest === undefined ? {} : { 'artifact-digest': artifact.digest }),
        'chain-head': root,
        complete,
        regions,
    };
    const undone = regions.filter(({ outcome }) => outcome !== 'promoted' && outcome !== 'skipped');
    if (undone.length > 0)
        throw new errors/* GateFailed */.jG(`the rollout did not reach all its regions: ${undone.map(({ name, outcome, reason }) => `${name} ${outcome} (${reason})`).join('; ')}`, { outputs });
    const reason = inputs.plan ? `every region is promoted or skipped: ${regions.map(({ name, outcome }) => `${name} ${outcome}`).join(', ')}` : `${evidence.chains.length} evidence chains gathered`;
    ports.log.info(reason);
    return { outcome: inputs.plan ? 'succeeded' : 'reported', reason, ...outputs };
}
async function gather(inputs, ports) {
    const { runId, attempt, workflowRef, actor, sha } = ports.context;
    const [chains, jobs, approvals] = await Promise.all([gatherChains(ports), listJobs(ports), listApprovals(ports)]);
    const regions = inputs.plan ? await regionResults(inputs.plan, inputs.ledger, ports) : [];
    const ofJob = new Map(chains.map((chain) => [chain.jobId, chain]));
    // The report itself still runs: its own chain is uploaded after it.
    const others = jobs.filter(({ id }) => id !== inputs['job-id']);
    const problems = [
        ...chains.flatMap(({ artifact, problems }) => problems.map((problem) => `${artifact}: ${problem}`)),
        ...others
            .filter((job) => job.ours && job.ran && !ofJob.has(job.id))
            .map(({ name, conclusion }) => `job ${name} (${conclusion ?? 'no conclusion'}) left no evidence`),
    ];
    return {
        v: 1,
        run: { id: runId, attempt, workflowRef, actor, commit: sha },
        plan: inputs.plan ?? null,
        regions,
        jobs: others.map((job) => ({ ...job, head: ofJob.get(job.id)?.head ?? null, records: ofJob.get(job.id)?.records.length ?? 0 })),
        approvals,
        chains,
        complete: problems.length === 0,
        problems,
        root: (0,chain/* rootOf */.I5)(chains.flatMap(({ head }) => head ?? [])),
    };
}
async function upload(evidence, markdown, { artifacts, context }) {
    const folder = (0,external_node_path_.join)(context.temp, 'deploy-actions', 'report');
    await (0,promises_.mkdir)(folder, { recursive: true });
    await (0,promises_.writeFile)((0,external_node_path_.join)(folder, 'evidence.json'), `${JSON.stringify(evidence, null, 2)}\n`);
    await (0,promises_.writeFile)((0,external_node_path_.join)(folder, 'report.md'), `${markdown}\n`);
    return artifacts.upload(`rollout-report-${context.attempt}`, folder, ['evidence.json', 'report.md']);
}

;// CONCATENATED MODULE: ./actions/audit-summary/src/main.ts


/** Opens the evidence chain of a job, or gathers the chains of a run into one report. */
function main(inputs, ports) {
    return inputs.mode === 'collect' ? collect(inputs, ports) : report(inputs, ports);
}

;// CONCATENATED MODULE: ./actions/audit-summary/src/outputs.ts

const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['collecting', 'succeeded', 'reported', 'invalid', 'failed', 'error', 'cancelled'])
        .describe('collecting; with report: succeeded (every planned region is promoted or skipped), reported (no plan was given) or failed; invalid | error | cancelled when it did not succeed'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    'artifact-id': schemas/* number */.aig().optional().describe('with report: id of the artifact that holds evidence.json and report.md'),
    'artifact-digest': schemas/* string */.YjP().optional().describe('with report: its sha256'),
    'chain-head': schemas/* string */.YjP().optional().describe('with report: one sha256 over the heads of all chains of the run'),
    complete: schemas/* boolean */.zMY().optional().describe('with report: false when a job of the rollout left no evidence'),
    regions: schemas/* array */.YOg(schemas/* unknown */.L5J()).optional().describe('JSON: what became of each planned region'),
});

;// CONCATENATED MODULE: ./actions/audit-summary/src/post.ts



/** Seals the job's chain and uploads it. */
async function post(ports) {
    const saved = ports.state.get(COLLECTING);
    if (saved === undefined)
        return;
    const { artifact, jobId, region } = collecting.parse(JSON.parse(saved));
    const { folder } = ports.evidence;
    const { job, attempt } = ports.context;
    const manifest = await (0,chain/* openChain */.yP)(folder).seal({ jobId, job, region, attempt });
    const files = (await (0,promises_.readdir)(folder)).filter((name) => name.endsWith('.json'));
    const uploaded = await ports.artifacts.upload(artifact, folder, files);
    ports.log.info(`evidence: ${manifest.records} records, head ${manifest.head ?? 'none'}, artifact ${artifact} (${uploaded.digest ?? uploaded.id})`);
}

;// CONCATENATED MODULE: ./actions/audit-summary/src/index.ts





/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'audit-summary', inputs: inputs, outputs: outputs, main: main, post: post }));


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
