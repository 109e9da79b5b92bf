export const id = 802;
export const ids = [802];
export const modules = {

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

/***/ 80829:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Y: () => (/* binding */ restoreTraffic),
/* harmony export */   k: () => (/* binding */ restoreTarget)
/* harmony export */ });
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(39398);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(12468);
/* harmony import */ var _deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(1238);
/* harmony import */ var _deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(22285);



/** Writes back every recorded weight vector, absolute, and proves it by the router's own reading. Idempotent. */
async function restoreTraffic(record, settings, ports) {
    const { baseline, canary } = settings.arms;
    const points = [];
    for (const point of record.restore) {
        if (point.kind !== 'traffic')
            continue;
        try {
            const router = await (0,_deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_0__/* .openRouter */ .Y)(settings.router, ports, [baseline, canary]);
            const state = await (0,_deploy_actions_traffic__WEBPACK_IMPORTED_MODULE_1__/* .restoreWeights */ .s2)(router, point.weights, ports);
            points.push({ kind: 'traffic', name: point.router, ok: true, detail: `reads ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .formatWeights */ .V7)(state.weights)}`, weights: state.weights });
        }
        catch (error) {
            points.push({ kind: 'traffic', name: point.router, ok: false, detail: (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .messageOf */ .bD)(error) });
        }
    }
    return points;
}
/**
 * Puts a target back in the order of safety.md: traffic, workload, health. A step that fails does not keep the next
 * from being tried; the outcome says what held.
 */
async function restoreTarget(record, settings, ports, { script, health }) {
    const started = ports.clock.realMs();
    const traffic = await restoreTraffic(record, settings, ports);
    const trafficMs = elapsed(started, ports.clock);
    say(traffic, ports.log);
    const workload = await restoreScripts(record, script, ports);
    say(workload, ports.log);
    const verified = health ? [{ kind: 'health', name: 'what serves now', ...(await health()) }] : [];
    say(verified, ports.log);
    const outcome = [...traffic, ...workload].some(({ ok }) => !ok) ? 'restore-failed' : verified.some(({ ok }) => !ok) ? 'unverified' : 'restored';
    return { outcome, points: [...traffic, ...workload, ...verified], trafficMs };
}
async function restoreScripts(record, restorer, ports) {
    const points = [];
    for (const point of record.restore) {
        if (point.kind !== 'script')
            continue;
        const result = (ok, detail) => void points.push({ kind: 'script', name: point.name, ok, detail });
        if (!restorer) {
            result(false, 'rollout.yml of the record could not be had, and commands never come from anywhere else');
            continue;
        }
        try {
            const run = await (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__/* .runScript */ .j3)(restorer.script, { process: ports.process, workspace: ports.context.workspace }, {
                variables: { ...restorer.variables, DEPLOY_STATE: point.state },
                timeoutMs: restorer.timeoutMs,
                signal: ports.signal,
            });
            ports.log.foreign(`Output of ${restorer.script.path}`, `${run.stdout}${run.stderr}`);
            const failure = (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__/* .scriptFailure */ .kf)(restorer.script, run);
            result(failure === undefined, failure ?? `${restorer.script.path} put it back`);
        }
        catch (error) {
            result(false, (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .messageOf */ .bD)(error));
        }
    }
    return points;
}
function say(points, log) {
    for (const { kind, name, ok, detail } of points) {
        const line = `${kind} ${name}: ${ok ? 'restored' : 'NOT restored'}: ${detail}`;
        if (ok)
            log.info(line);
        else
            log.error(line);
    }
}
const elapsed = (started, clock) => Math.round(clock.realMs() - started);


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

/***/ 79938:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   j: () => (/* binding */ restoreUnfinishedTraffic)
/* harmony export */ });
/* harmony import */ var _restore__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(80829);
/* harmony import */ var _transaction_file__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(86570);


/** How long one router may take in a post, in the action's time: all posts of a job share GitHub's five minutes. */
const POST_LIMIT_MS = 60_000;
/**
 * The post of every writer: a transaction of this job that was neither committed nor restored gets its traffic back,
 * from the job's own files, whatever the ledger does. Workload and ledger are the guard's.
 */
async function restoreUnfinishedTraffic(ports) {
    const unfinished = (await (0,_transaction_file__WEBPACK_IMPORTED_MODULE_0__/* .readJobTransactions */ .Pz)(ports.context.temp)).filter(({ state }) => state === 'open');
    const said = [];
    let ok = true;
    for (const transaction of unfinished) {
        const { id, service, region, environment } = transaction.record;
        ports.evidence.about({ service, region, environment, transaction: id });
        ports.log.warning(`transaction ${id} was neither committed nor restored: its traffic is put back`);
        const signal = AbortSignal.any([ports.signal, AbortSignal.timeout(ports.clock.ioTimeout(POST_LIMIT_MS))]);
        const points = await (0,_restore__WEBPACK_IMPORTED_MODULE_1__/* .restoreTraffic */ .Y)(transaction.record, transaction.settings, { ...ports, signal });
        for (const point of points)
            said.push(`${id}: traffic ${point.ok ? 'restored' : 'NOT restored'}: ${point.detail}`);
        ok &&= points.every((point) => point.ok);
        ports.evidence.facts({ restored: points });
        if (points.every((point) => point.ok))
            await (0,_transaction_file__WEBPACK_IMPORTED_MODULE_0__/* .saveJobTransaction */ .hG)(ports.context.temp, { ...transaction, state: 'traffic-restored' });
    }
    if (unfinished.length === 0)
        return undefined;
    for (const line of said)
        ports.log.info(line);
    ports.summary.add(`### Traffic put back at the end of the job\n\n${said.map((line) => `- ${line}`).join('\n')}`);
    if (!ok)
        throw new Error(said.join('; '));
    return { outcome: 'traffic-restored', reason: said.join('; ') };
}


/***/ }),

/***/ 22285:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   BN: () => (/* binding */ shift),
/* harmony export */   L_: () => (/* binding */ inEffect),
/* harmony export */   oA: () => (/* binding */ defaultShift),
/* harmony export */   s2: () => (/* binding */ restoreWeights)
/* harmony export */ });
/* unused harmony export NotInEffect */
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(12468);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(25148);


const defaultShift = { timeoutMs: 30_000, settleMs: 1_000, pollMs: 1_000 };
/** The vector did not come to hold: what was wanted, what is there. */
class NotInEffect extends _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_0__/* .GateFailed */ .jG {
}
/**
 * Writes a vector and proves it: read back equal, in effect for every member, and still so after the settle time.
 * @throws Conflict, ProviderError from the router; NotInEffect when the read-back never shows the vector
 */
async function shift(router, wanted, expected, { clock, signal }, { timeoutMs, settleMs, pollMs } = defaultShift) {
    await router.write(wanted, expected, signal);
    const deadline = clock.now().getTime() + timeoutMs;
    let state = await router.read(signal);
    while (!inEffect(router, state, wanted)) {
        if (clock.now().getTime() >= deadline)
            throw new NotInEffect(`after the write of ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .formatWeights */ .V7)(wanted)} ${describe(state)}`);
        await clock.sleep(pollMs, signal);
        state = await router.read(signal);
    }
    if (settleMs === 0)
        return state;
    await clock.sleep(settleMs, signal);
    const settled = await router.read(signal);
    if (inEffect(router, settled, wanted))
        return settled;
    const who = settled.owner ? ` by ${settled.owner}` : ' by somebody else';
    throw new NotInEffect(`${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .formatWeights */ .V7)(wanted)} was reverted${who}: ${describe(settled)}`);
}
/**
 * Configured as wanted, and every member that should get traffic gets it. A member that should get nothing gets
 * exactly nothing; other shares may differ by one of the provider's units.
 */
function inEffect(router, state, wanted) {
    const unit = Math.ceil((_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .WHOLE */ .Ef * router.capabilities.step) / router.capabilities.max);
    const matches = (vector) => [...new Set([...Object.keys(vector), ...Object.keys(wanted)])].every((member) => {
        const [found, share] = [vector[member] ?? 0, wanted[member] ?? 0];
        return share === 0 || share === _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .WHOLE */ .Ef ? found === share : found > 0 && Math.abs(found - share) <= unit;
    });
    return matches(state.weights) && matches(state.effective);
}
function describe(state) {
    const out = Object.entries(state.members).filter(([, member]) => !member.enabled || member.healthy === false);
    const why = out.map(([name, member]) => `${name} is ${member.enabled ? 'down' : 'drained or in maintenance'}`);
    return [`the router holds ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .formatWeights */ .V7)(state.weights)}`, `in effect ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .formatWeights */ .V7)(state.effective)}`, ...why].join(', ');
}
/**
 * Puts a recorded vector back, whatever is there now: a restore overwrites, because the record says what was right.
 * A conflict with a concurrent writer is answered by reading again, at most three times.
 */
async function restoreWeights(router, recorded, ports) {
    let failure;
    for (let attempt = 0; attempt < 3; attempt++) {
        try {
            const state = await router.read(ports.signal);
            if (inEffect(router, state, recorded))
                return state;
            return await shift(router, recorded, state, ports, { ...defaultShift, settleMs: 0, pollMs: 200 });
        }
        catch (error) {
            if (ports.signal.aborted)
                throw error;
            failure = error;
        }
    }
    throw failure instanceof Error ? failure : new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_0__/* .ProviderError */ .mZ(String(failure), { provider: 'router' });
}


/***/ })

};
