export const id = 141;
export const ids = [141];
export const modules = {

/***/ 11728:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  X: () => (/* binding */ action)
});

// UNUSED EXPORTS: standardOutputs

// EXTERNAL MODULE: ./node_modules/@actions/core/lib/core.js + 11 modules
var core = __webpack_require__(91659);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
;// CONCATENATED MODULE: ./packages/action-kit/src/artifacts.ts


/** Artifacts by GitHub's own client, loaded at the first use: it is the largest library of the suite. */
function createArtifacts(token, context) {
    const client = async () => {
        const { DefaultArtifactClient } = await Promise.all(/* import() */[__webpack_require__.e(351), __webpack_require__.e(642), __webpack_require__.e(438)]).then(__webpack_require__.bind(__webpack_require__, 35438));
        return new DefaultArtifactClient();
    };
    const from = (runId) => runId === undefined || runId === context.runId
        ? {}
        : { findBy: { token, workflowRunId: runId, repositoryOwner: context.owner, repositoryName: context.repo } };
    return {
        async upload(name, folder, files) {
            try {
                const { id, digest } = await (await client()).uploadArtifact(name, files.map((file) => (0,external_node_path_.join)(folder, file)), folder);
                if (id === undefined)
                    throw new Error('GitHub gave no artifact id');
                return { id, name, ...(digest === undefined ? {} : { digest: withAlgorithm(digest) }) };
            }
            catch (cause) {
                throw failure(`artifact ${name} could not be uploaded`, cause);
            }
        },
        async list(runId) {
            try {
                const { artifacts } = await (await client()).listArtifacts(from(runId));
                return artifacts.map(({ id, name, digest }) => ({ id, name, ...(digest ? { digest: withAlgorithm(digest) } : {}) }));
            }
            catch (cause) {
                throw failure(`the artifacts of run ${runId ?? context.runId} could not be listed`, cause);
            }
        },
        async download({ id, name, digest }, folder, runId) {
            let mismatch;
            try {
                ;
                ({ digestMismatch: mismatch } = await (await client()).downloadArtifact(id, { path: folder, ...(digest ? { expectedHash: digest } : {}), ...from(runId) }));
            }
            catch (cause) {
                throw failure(`artifact ${name} could not be downloaded`, cause);
            }
            if (mismatch)
                throw failure(`artifact ${name} is not what was uploaded: its digest is not ${digest}`, undefined);
        },
    };
}
const withAlgorithm = (digest) => (digest.startsWith('sha256:') ? digest : `sha256:${digest}`);
const failure = (message, cause) => new errors/* ProviderError */.mZ(cause === undefined ? message : `${message}: ${(0,errors/* messageOf */.bD)(cause)}`, { provider: 'GitHub artifacts', cause });

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(31421);
;// CONCATENATED MODULE: ./packages/action-kit/src/child-processes.ts


/** What a child gets beside its own variables: enough to find programs, nothing that could carry a secret. */
const inherited = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'];
/** Output beyond this is cut at the front; the end says why a program failed. */
const MAX_OUTPUT = 1024 * 1024;
/** From the forwarded signal to the kill of the whole group, real time. */
const GRACE_MS = 3_000;
/** Child processes by node:child_process: `@actions/exec` has neither time-outs nor cancellation. */
function createChildProcesses(clock, evidence) {
    return {
        async run(child) {
            const result = await run(child, clock);
            const status = result.ended === 'exit' ? (result.exitCode ?? 'killed') : result.ended;
            evidence.call({ system: 'process', what: child.command.join(' '), status, ms: result.ms });
            return result;
        },
    };
}
function run({ command, cwd, env, timeoutMs, signal }, clock) {
    const [program, ...args] = command;
    const started = clock.realMs();
    return new Promise((resolve, reject) => {
        const base = Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
        // A group of its own, so that grandchildren end with it.
        const child = (0,external_node_child_process_.spawn)(program, args, { cwd, env: { ...base, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
        const output = { stdout: '', stderr: '' };
        child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout = (output.stdout + text).slice(-MAX_OUTPUT)));
        child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr = (output.stderr + text).slice(-MAX_OUTPUT)));
        let ended = 'exit';
        let grace;
        const stop = (why) => {
            if (ended !== 'exit')
                return;
            ended = why;
            sendToGroup(child.pid, 'SIGTERM');
            grace = setTimeout(() => sendToGroup(child.pid, 'SIGKILL'), GRACE_MS);
        };
        const timer = setTimeout(() => stop('timeout'), clock.ioTimeout(timeoutMs));
        const onAbort = () => stop('cancelled');
        const settle = () => {
            clearTimeout(timer);
            clearTimeout(grace);
            signal.removeEventListener('abort', onAbort);
        };
        if (signal.aborted)
            onAbort();
        else
            signal.addEventListener('abort', onAbort, { once: true });
        child.on('error', (cause) => {
            settle();
            reject(new errors/* ProviderError */.mZ(`${program} could not be started: ${cause.message}; is it there and executable?`, { provider: program, cause }));
        });
        child.on('close', (exitCode) => {
            settle();
            resolve({ exitCode, ...output, ended, ms: Math.round(clock.realMs() - started) });
        });
    });
}
function sendToGroup(pid, signal) {
    if (pid === undefined)
        return;
    try {
        process.kill(-pid, signal);
    }
    catch {
        // It has ended meanwhile.
    }
}

;// CONCATENATED MODULE: ./packages/action-kit/src/clock.ts
/** The least real time an I/O operation gets in a rehearsal: a scaled timeout would blame the network for our speed. */
const MIN_IO_MS = 2_000;
/**
 * A clock that runs `speed` times as fast since `epoch` (real milliseconds since 1970).
 * All processes of a rehearsal share both numbers, so they agree on what time it is.
 */
function createClock({ speed, epoch } = { speed: 1, epoch: 0 }) {
    const scaled = () => (speed === 1 ? Date.now() : epoch + (Date.now() - epoch) * speed);
    return {
        speed,
        now: () => new Date(scaled()),
        realMs: () => performance.now(),
        sleep: (ms, signal) => sleepReal(ms / speed, signal),
        ioTimeout: (ms) => (speed === 1 ? ms : Math.max(ms / speed, MIN_IO_MS)),
    };
}
/**
 * The clock that the environment asks for. A scaled clock is honoured only when GitHub's API is on the loopback:
 * no variable of a real runner can make a watch shorter.
 */
function clockFromEnvironment(env) {
    const speed = Number(env['DEPLOY_ACTIONS_SPEED']);
    const epoch = Number(env['DEPLOY_ACTIONS_EPOCH']);
    const rehearsal = isLoopback(env['GITHUB_API_URL']) && speed >= 1 && epoch > 0;
    return createClock(rehearsal ? { speed, epoch } : undefined);
}
function isLoopback(url) {
    return url !== undefined && URL.canParse(url) && /^(127(\.\d+){3}|localhost|\[::1\])$/.test(new URL(url).hostname);
}
function sleepReal(ms, signal) {
    return new Promise((resolve, reject) => {
        if (signal.aborted)
            return reject(signal.reason);
        const onAbort = () => {
            clearTimeout(timer);
            reject(signal.reason);
        };
        const timer = setTimeout(() => {
            signal.removeEventListener('abort', onAbort);
            resolve();
        }, ms);
        signal.addEventListener('abort', onAbort, { once: true });
    });
}

// EXTERNAL MODULE: ./packages/action-kit/src/context.ts
var src_context = __webpack_require__(86910);
// EXTERNAL MODULE: ./packages/evidence/src/chain.ts + 1 modules
var chain = __webpack_require__(39860);
;// CONCATENATED MODULE: ./packages/action-kit/src/evidence-collector.ts


/** How many calls one record keeps; a watch of an hour makes thousands alike, and the newest explain an ending. */
const MAX_CALLS = 500;
/** The folder that all actions of a job share for their evidence. */
const evidenceFolder = (temp) => (0,external_node_path_.join)(temp, 'deploy-actions', 'evidence');
/** Collects what one action run did; `close` appends its record to the job's chain and returns the file. */
function collectEvidence(context) {
    const subject = {};
    const facts = {};
    const calls = [];
    let dropped = 0;
    const folder = evidenceFolder(context.temp);
    return {
        folder,
        about: (about) => void Object.assign(subject, about),
        facts: (more) => void Object.assign(facts, more),
        call(call) {
            calls.push(call);
            if (calls.length > MAX_CALLS) {
                calls.shift();
                dropped++;
            }
        },
        close: ({ action, startedAt, endedAt, inputs, outcome, reason }) => (0,chain/* openChain */.yP)(folder).append({
            v: 1,
            job: context.job,
            action,
            actionRef: context.actionRef,
            startedAt: startedAt.toISOString(),
            endedAt: endedAt.toISOString(),
            ...subject,
            run: { id: context.runId, attempt: context.attempt, workflowRef: context.workflowRef, actor: context.actor },
            inputs,
            outcome,
            reason,
            facts: dropped > 0 ? { ...facts, callsLeftOut: dropped } : facts,
            calls,
        }),
    };
}

;// CONCATENATED MODULE: ./packages/action-kit/src/github.ts

const PAGE = 100;
/** A call that did not answer is tried again at most so often; only reads are. */
const READ_RETRIES = 3;
/** GitHub's REST API through octokit, loaded at the first call. Reads are repeated on 429, 5xx and lost connections; writes are not. */
function createGitHub({ token, apiUrl, context, clock, signal: ended, evidence }) {
    const call = async (route, parameters, permission, signal) => {
        const { getOctokit } = await __webpack_require__.e(/* import() */ 351).then(__webpack_require__.bind(__webpack_require__, 61351));
        const octokit = getOctokit(token, { baseUrl: apiUrl, log: { debug() { }, info() { }, warn() { }, error() { } } });
        const started = clock.realMs();
        const note = (status) => evidence.call({ system: 'github', what: route, status, ms: Math.round(clock.realMs() - started) });
        try {
            const response = await octokit.request(route, {
                owner: context.owner,
                repo: context.repo,
                ...parameters,
                request: { signal: AbortSignal.any([signal, AbortSignal.timeout(clock.ioTimeout(30_000))]) },
            });
            note(response.status);
            return response.data;
        }
        catch (error) {
            note(error.status ?? (0,errors/* messageOf */.bD)(error));
            if (signal.aborted)
                throw new errors/* Cancelled */.cJ('the run was cancelled', { cause: error });
            throw providerError(route, error, permission);
        }
    };
    const request = async (route, parameters = {}, options = {}) => {
        const signal = options.signal ?? ended;
        const attempt = () => call(route, parameters, options.permission, signal);
        if (!route.startsWith('GET '))
            return (await attempt());
        const { default: pRetry } = await __webpack_require__.e(/* import() */ 995).then(__webpack_require__.bind(__webpack_require__, 74995));
        return (await pRetry(attempt, {
            retries: READ_RETRIES,
            minTimeout: 500 / clock.speed,
            maxTimeout: 10_000 / clock.speed,
            randomize: true,
            signal,
            shouldRetry: ({ error }) => error instanceof errors/* ProviderError */.mZ && error.retryable,
        }));
    };
    return {
        request,
        async list(route, parameters = {}, { permission, limit = 1_000, pick } = {}) {
            const items = [];
            for (let page = 1; items.length < limit; page++) {
                const data = await request(route, { ...parameters, per_page: Math.min(PAGE, limit), page }, permission === undefined ? {} : { permission });
                const found = Array.isArray(data) ? data : ((pick === undefined ? undefined : data[pick]) ?? []);
                items.push(...found);
                if (found.length < Math.min(PAGE, limit))
                    break;
            }
            return items.slice(0, limit);
        },
    };
}
function providerError(route, error, permission) {
    const { status, response } = error;
    const said = response?.data?.message ?? (0,errors/* messageOf */.bD)(error);
    const denied = status === 403 && permission !== undefined && !/rate limit/i.test(said);
    const requestId = response?.headers?.['x-github-request-id'];
    return new errors/* ProviderError */.mZ(denied
        ? `GitHub refused ${route} (403: ${said}): the token lacks \`${permission}\`; add it to the job's permissions and to those of every calling job`
        : `GitHub ${status === undefined ? 'could not be reached for' : `answered ${status} to`} ${route}: ${said}`, {
        provider: 'GitHub',
        cause: error,
        retryable: status === undefined || status === 429 || status >= 500 || (status === 403 && /rate limit/i.test(said)),
        ...(status === undefined ? {} : { status }),
        ...(requestId === undefined ? {} : { requestId }),
    });
}

;// CONCATENATED MODULE: ./packages/action-kit/src/http.ts

const DEFAULT_TIMEOUT_MS = 10_000;
/** A metrics page of a large proxy is a few MiB; more than this is a mistake or an attack on our memory. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** HTTP over node-fetch, loaded at the first request; a proxy named by the environment is used. */
function createHttp(clock, evidence) {
    return {
        async request(request) {
            const started = clock.realMs();
            const { origin, pathname } = new URL(request.url);
            const what = `${request.method ?? 'GET'} ${pathname}`;
            try {
                const response = await send(request, clock);
                evidence.call({ system: origin, what, status: response.status, ms: response.ms });
                return response;
            }
            catch (error) {
                evidence.call({ system: origin, what, status: (0,errors/* messageOf */.bD)(error), ms: Math.round(clock.realMs() - started) });
                throw error;
            }
        },
    };
}
async function send(request, clock) {
    const { default: fetch } = await __webpack_require__.e(/* import() */ 816).then(__webpack_require__.bind(__webpack_require__, 70816));
    const limit = clock.ioTimeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const timeout = AbortSignal.timeout(limit);
    const started = clock.realMs();
    const agent = await proxyAgent();
    try {
        const response = await fetch(request.url, {
            method: request.method ?? 'GET',
            headers: { 'user-agent': 'deploy-actions', ...request.headers },
            ...(request.body === undefined ? {} : { body: request.body }),
            signal: AbortSignal.any([request.signal, timeout]),
            size: MAX_BODY_BYTES,
            redirect: 'manual',
            ...(agent ? { agent } : {}),
        });
        const body = await response.text();
        return {
            status: response.status,
            headers: Object.fromEntries(response.headers),
            body,
            ms: Math.round(clock.realMs() - started),
        };
    }
    catch (cause) {
        if (request.signal.aborted)
            throw new errors/* Cancelled */.cJ('the run was cancelled', { cause });
        const why = timeout.aborted ? `gave no answer within ${Math.round(limit)} ms` : `could not be reached: ${(0,errors/* messageOf */.bD)(cause)}`;
        throw new errors/* ProviderError */.mZ(`${new URL(request.url).origin} ${why}`, {
            provider: new URL(request.url).origin,
            cause,
            retryable: true,
        });
    }
}
async function proxyAgent() {
    const configured = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => process.env[name]);
    if (!configured)
        return undefined;
    const { ProxyAgent } = await Promise.all(/* import() */[__webpack_require__.e(642), __webpack_require__.e(861)]).then(__webpack_require__.bind(__webpack_require__, 66861));
    // It reads NO_PROXY itself, per request.
    return new ProxyAgent();
}

// EXTERNAL MODULE: ./packages/action-kit/src/inputs.ts
var src_inputs = __webpack_require__(88200);
// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
;// CONCATENATED MODULE: ./packages/action-kit/src/log.ts


/** The log of a step on GitHub. */
function createLog() {
    const group = (title, lines) => {
        core/* startGroup */.Oh(title);
        for (const line of lines)
            core/* info */.pq(line);
        core/* endGroup */.N4();
    };
    return {
        info: (line) => core/* info */.pq(line),
        debug: (line) => core/* debug */.Yz(line),
        notice: (message) => core/* notice */.lm(message),
        warning: (message) => core/* warning */.$e(message),
        error: (message) => core/* error */.z3(message),
        group,
        foreign(title, output) {
            if (output.trim() === '')
                return;
            const token = (0,external_node_crypto_.randomUUID)();
            group(title, [`::stop-commands::${token}`, ...output.trimEnd().split('\n'), `::${token}::`]);
        },
        mask: (secret) => core/* setSecret */.Pq(secret),
    };
}

// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/action-kit/src/secrets.ts
var src_secrets = __webpack_require__(85736);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
;// CONCATENATED MODULE: ./packages/action-kit/src/summary.ts

/** GitHub drops a step's summary over 1 MiB whole; one action keeps far below that. */
const SUMMARY_BUDGET_BYTES = 100 * 1024;
const CUT = '\n\n_The rest is left out to keep within the size that GitHub shows; the evidence has all of it._\n';
/** Collects the sections of this action; `write` appends them to the step summary file, cut at the budget. */
function createSummary(file) {
    const sections = [];
    return {
        add: (markdown) => void sections.push(markdown.trimEnd()),
        async write() {
            if (file === undefined || sections.length === 0)
                return;
            await (0,promises_.appendFile)(file, withinBudget(`${sections.join('\n\n')}\n`));
        },
    };
}
function withinBudget(markdown) {
    if (Buffer.byteLength(markdown) <= SUMMARY_BUDGET_BYTES)
        return markdown;
    const room = SUMMARY_BUDGET_BYTES - Buffer.byteLength(CUT);
    const lines = markdown.split('\n');
    let kept = 0;
    let bytes = 0;
    for (const line of lines) {
        bytes += Buffer.byteLength(line) + 1;
        if (bytes > room)
            break;
        kept++;
    }
    return lines.slice(0, kept).join('\n') + CUT;
}

;// CONCATENATED MODULE: ./packages/action-kit/src/action.ts















/** Outputs that every action has beside its own. */
const standardOutputs = schemas/* object */.Ikc({
    'evidence-path': schemas/* string */.YjP().describe('file with the evidence record of this run'),
    'duration-ms': schemas/* number */.aig().describe('how long it took, in milliseconds'),
});
/** Turns a spec into something the suite can run. Nothing happens at import. */
function action(spec) {
    return {
        name: spec.name,
        inputs: spec.inputs,
        outputs: spec.outputs,
        hasPost: spec.post !== undefined,
        async run() {
            const exitCode = process.env['STATE_started'] === 'true' ? await runPost(spec) : await runMain(spec);
            return exit(exitCode);
        },
    };
}
async function runMain(spec) {
    if (spec.post)
        core/* saveState */.LZ('started', 'true');
    const { ports, close } = openPorts(spec);
    const started = ports.clock.realMs();
    let outputs;
    let exitCode = 0;
    try {
        outputs = await spec.main((0,src_inputs/* readInputs */.Ko)(spec.inputs, process.env), ports);
    }
    catch (thrown) {
        exitCode = 1;
        outputs = failureOutputs(spec.outputs, thrown);
        report(spec.name, thrown, ports);
    }
    const file = await close(spec.name, String(outputs['outcome']), String(outputs['reason']));
    writeOutputs({ ...outputs, 'evidence-path': file, 'duration-ms': Math.round(ports.clock.realMs() - started) });
    return exitCode;
}
async function runPost(spec) {
    const { ports, close } = openPorts(spec);
    try {
        const result = await spec.post?.(ports);
        if (result)
            await close(`${spec.name} post`, result.outcome, result.reason);
        return 0;
    }
    catch (thrown) {
        report(`${spec.name} (post)`, thrown, ports);
        await close(`${spec.name} post`, 'failed', (0,errors/* messageOf */.bD)(thrown));
        return 1;
    }
}
/** Everything real behind the ports, and how the run is closed: evidence record and summary are written. */
function openPorts(spec) {
    const { env } = process;
    const clock = clockFromEnvironment(env);
    const context = (0,src_context/* readContext */.y)(env);
    const log = createLog();
    const summary = createSummary(env['GITHUB_STEP_SUMMARY']);
    const evidence = collectEvidence(context);
    const signal = cancelledBySignals(log);
    const token = env['INPUT_GITHUB-TOKEN'] ?? '';
    maskSecrets(token, env['INPUT_SECRETS'], log);
    const ports = {
        log,
        clock,
        signal,
        http: createHttp(clock, evidence),
        process: createChildProcesses(clock, evidence),
        github: createGitHub({ token, apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com', context, clock, signal, evidence }),
        artifacts: createArtifacts(token, context),
        summary,
        evidence,
        context,
        state: { save: core/* saveState */.LZ, get: (key) => env[`STATE_${key}`] },
    };
    const startedAt = clock.now();
    const close = async (action, outcome, reason) => {
        const inputs = (0,src_inputs/* recordedInputs */.KQ)(spec.inputs, env);
        const file = await evidence.close({ action, startedAt, endedAt: clock.now(), inputs, outcome, reason });
        await summary.write();
        return file;
    };
    return { ports, close };
}
/** The first SIGINT or SIGTERM aborts; writers checkpoint at once, and what is to be restored is restored by post. */
function cancelledBySignals(log) {
    const controller = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'])
        process.on(name, () => {
            if (controller.signal.aborted)
                return;
            log.warning(`${name}: the run was cancelled; stopping`);
            controller.abort(new errors/* Cancelled */.cJ('the run was cancelled'));
        });
    return controller.signal;
}
function maskSecrets(token, lines, log) {
    const parsed = src_secrets/* secretLines */._o.safeParse(lines ?? '');
    const secrets = [token, ...(parsed.success ? parsed.data.values() : [])];
    for (const secret of secrets)
        for (const form of (0,src_secrets/* formsOf */.XP)(secret))
            log.mask(form);
}
/** Outputs after a failure: what the error carries, and always an outcome (or verdict) and a reason. */
function failureOutputs(schema, thrown) {
    const known = thrown instanceof errors/* ActionError */.lZ ? thrown : undefined;
    const verdict = thrown instanceof errors/* GateFailed */.jG ? 'fail' : 'error';
    return {
        outcome: known?.outcome ?? 'error',
        reason: (0,errors/* messageOf */.bD)(thrown),
        ...('verdict' in schema.shape ? { verdict } : {}),
        ...known?.outputs,
    };
}
function report(name, thrown, ports) {
    const message = (0,errors/* messageOf */.bD)(thrown);
    ports.log.error(`${name}: ${message}`);
    const causes = (0,errors/* causesOf */.cZ)(thrown);
    const stack = thrown instanceof Error && !(thrown instanceof errors/* ActionError */.lZ) ? [thrown.stack ?? ''] : [];
    if (causes.length + stack.length > 0)
        ports.log.group('Why (details)', [...stack, ...causes].flatMap((cause) => cause.split('\n')));
    if (!(thrown instanceof errors/* GateFailed */.jG))
        ports.summary.add(`### ${name} did not succeed\n\n${(0,markdown/* fenced */.OF)(message)}`);
}
/** Objects become JSON; undefined is left out. */
function writeOutputs(outputs) {
    for (const [key, value] of Object.entries(outputs))
        if (value !== undefined)
            core/* setOutput */.uH(key, typeof value === 'string' ? value : JSON.stringify(value));
}
/** Ends at once with this code: a forgotten socket must not hold the job (actions/cache#370). */
function exit(code) {
    process.exitCode = code;
    return new Promise(() => {
        process.stdout.write('', () => process.stderr.write('', () => process.exit()));
    });
}


/***/ }),

/***/ 76676:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   j: () => (/* binding */ commonInputs)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(55029);
/* harmony import */ var _inputs__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(88200);
/* harmony import */ var _secrets__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(85736);




/** Inputs that mean the same in every action; each action picks the ones it takes. */
const commonInputs = {
    config: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('path of rollout.yml in the repository'),
    region: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('name of a region in rollout.yml').meta({ example: 'eu-west' }),
    environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('GitHub environment of the target; from rollout.yml when that is used'),
    service: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('name of the service; from rollout.yml when that is used'),
    version: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('version of the release, for people').meta({ example: '1.4.0' }),
    image: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('image of the release without tag or digest').meta({ example: 'ghcr.io/acme/api' }),
    digest: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()
        .regex(_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .DIGEST */ .Dh, 'is not an immutable digest; a digest is sha256: and 64 hexadecimal digits (a tag can move)')
        .describe('immutable digest of the release')
        .meta({ example: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }),
    transaction: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('id of the open transaction, from restore-point begin'),
    secrets: _secrets__WEBPACK_IMPORTED_MODULE_2__/* .secretLines */ ._o.describe('KEY=VALUE lines; the only secrets that a *-secret in the config can name').meta(_inputs__WEBPACK_IMPORTED_MODULE_3__/* .secret */ .rJ),
    'dry-run': (0,_inputs__WEBPACK_IMPORTED_MODULE_3__/* .flag */ .Jt)(false).describe('read and plan, but write nothing'),
    'github-token': zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().default('').describe('token for GitHub\'s API').meta(_inputs__WEBPACK_IMPORTED_MODULE_3__/* .secret */ .rJ),
    ledger: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()
        .regex(/^(github|file:.+)$/, 'is no ledger; write github or file:DIR')
        .default('github')
        .describe('where transactions are recorded: github or file:DIR'),
    'correlation-id': zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('name of this rollout in all logs; default SERVICE-RUNID-ATTEMPT'),
};


/***/ }),

/***/ 86910:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   V: () => (/* binding */ runUrl),
/* harmony export */   y: () => (/* binding */ readContext)
/* harmony export */ });
/* harmony import */ var node_os__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(48161);
/* harmony import */ var node_os__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_os__WEBPACK_IMPORTED_MODULE_0__);

/** Reads what the runner says of this run. Used outside a runner (the CLI, a laptop) the fields are empty. */
function readContext(env) {
    const [owner = '', repo = ''] = (env['GITHUB_REPOSITORY'] ?? '').split('/');
    return {
        owner,
        repo,
        runId: Number(env['GITHUB_RUN_ID'] ?? 0),
        attempt: Number(env['GITHUB_RUN_ATTEMPT'] ?? 1),
        sha: env['GITHUB_SHA'] ?? '',
        ref: env['GITHUB_REF'] ?? '',
        actor: env['GITHUB_ACTOR'] ?? '',
        job: env['GITHUB_JOB'] ?? '',
        workflowRef: env['GITHUB_WORKFLOW_REF'] ?? '',
        serverUrl: env['GITHUB_SERVER_URL'] ?? 'https://github.com',
        actionRef: env['GITHUB_ACTION_REF'] ?? '',
        workspace: env['GITHUB_WORKSPACE'] ?? process.cwd(),
        temp: env['RUNNER_TEMP'] ?? (0,node_os__WEBPACK_IMPORTED_MODULE_0__.tmpdir)(),
    };
}
/** The page of this run, for links. */
function runUrl({ serverUrl, owner, repo, runId }) {
    return `${serverUrl}/${owner}/${repo}/actions/runs/${runId}`;
}


/***/ }),

/***/ 48826:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   bD: () => (/* binding */ messageOf),
/* harmony export */   cJ: () => (/* binding */ Cancelled),
/* harmony export */   cZ: () => (/* binding */ causesOf),
/* harmony export */   dz: () => (/* binding */ InputError),
/* harmony export */   jG: () => (/* binding */ GateFailed),
/* harmony export */   lZ: () => (/* binding */ ActionError),
/* harmony export */   mZ: () => (/* binding */ ProviderError)
/* harmony export */ });
/** An error that knows how its action ended, so that outputs exist after every ending. */
class ActionError extends Error {
    outputs;
    constructor(message, { cause, outputs = {} } = {}) {
        super(message, cause === undefined ? undefined : { cause });
        this.name = new.target.name;
        this.outputs = outputs;
    }
}
/** The user can mend it: every problem of the input at once, each with its place. */
class InputError extends ActionError {
    outcome = 'invalid';
    problems;
    constructor(problems, details = {}) {
        const list = typeof problems === 'string' ? [{ where: '', message: problems }] : problems;
        super(list.map(({ where, message }) => (where ? `${where}: ${message}` : message)).join('\n'), details);
        this.problems = list;
    }
}
/** An expected negative verdict: the gate did its work and said no. Not a crash. */
class GateFailed extends ActionError {
    outcome = 'failed';
}
/** Another system refused, failed or could not be reached. */
class ProviderError extends ActionError {
    outcome = 'error';
    /** what was called, e.g. `haproxy 127.0.0.1:9999` or `GitHub` */
    provider;
    status;
    requestId;
    /** true when the same call may succeed later and repeating it does no harm */
    retryable;
    constructor(message, details) {
        super(message, details);
        this.provider = details.provider;
        this.status = details.status;
        this.requestId = details.requestId;
        this.retryable = details.retryable ?? false;
    }
}
/** The run was cancelled; what is to be put back is put back by `post`. */
class Cancelled extends ActionError {
    outcome = 'cancelled';
}
/** The message of anything that was thrown, Error or not. */
function messageOf(thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
}
/** The whole chain of causes, innermost last, for a folded group of the log. */
function causesOf(thrown) {
    const causes = [];
    for (let cause = thrown instanceof Error ? thrown.cause : undefined; cause !== undefined && causes.length < 10;) {
        causes.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
        cause = cause instanceof Error ? cause.cause : undefined;
    }
    return causes;
}


/***/ }),

/***/ 88200:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Jt: () => (/* binding */ flag),
/* harmony export */   KQ: () => (/* binding */ recordedInputs),
/* harmony export */   Ko: () => (/* binding */ readInputs),
/* harmony export */   rJ: () => (/* binding */ secret)
/* harmony export */ });
/* unused harmony exports isSecret, inputMeta */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var _errors__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(48826);


/** Marks an input whose value must never be shown or recorded. */
const secret = { secret: true };
/** `true` or `false` and their usual spellings; GitHub hands over texts. */
const flag = (byDefault) => zod__WEBPACK_IMPORTED_MODULE_0__/* .stringbool */ .uEf().default(byDefault);
/**
 * Reads `INPUT_*` as the runner sets them. Empty means absent; unknown values are never guessed.
 * @throws InputError with every problem at once
 */
function readInputs(schema, env) {
    const raw = Object.fromEntries(Object.keys(schema.shape).flatMap((key) => {
        const value = env[`INPUT_${key.toUpperCase()}`]?.trim();
        return value === undefined || value === '' ? [] : [[key, value]];
    }));
    const parsed = schema.safeParse(raw);
    if (parsed.success)
        return parsed.data;
    throw new _errors__WEBPACK_IMPORTED_MODULE_1__/* .InputError */ .dz(parsed.error.issues.map((issue) => inputProblem(schema, issue, raw)));
}
function inputProblem(schema, issue, raw) {
    const [key = '', ...rest] = issue.path.map(String);
    const field = schema.shape[key];
    const value = raw[key];
    const path = rest.length > 0 ? `${key} at ${rest.join('.')}` : key;
    const { example, description } = field === undefined ? {} : inputMeta(field);
    const suffix = example === undefined ? '' : `; for example ${example}`;
    if (value === undefined)
        return { where: `input \`${path}\``, message: `is missing; ${description ?? 'it is required'}${suffix}` };
    const shown = isSecret(schema, key) ? 'the value (not shown)' : JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}...` : value);
    return { where: `input \`${path}\``, message: `${shown}: ${issue.message}${suffix}` };
}
/** True for an input that must be masked and left out of evidence. */
function isSecret(schema, key) {
    const field = schema.shape[key];
    return field !== undefined && inputMeta(field).secret === true;
}
/** Meta of an input; an optional one or one with a default says what its inner schema says. */
function inputMeta(field) {
    const inner = field instanceof zod__WEBPACK_IMPORTED_MODULE_0__/* .ZodOptional */ .IiU || field instanceof zod__WEBPACK_IMPORTED_MODULE_0__/* .ZodDefault */ .XiL ? inputMeta(field.unwrap()) : {};
    return { ...inner, ...field.meta() };
}
/** What goes into evidence: the inputs as they were given, secrets left out. */
function recordedInputs(schema, env) {
    return Object.fromEntries(Object.keys(schema.shape).flatMap((key) => {
        const value = env[`INPUT_${key.toUpperCase()}`]?.trim();
        return value && !isSecret(schema, key) ? [[key, value.slice(0, 4096)]] : [];
    }));
}


/***/ }),

/***/ 68852:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   OF: () => (/* binding */ fenced),
/* harmony export */   X1: () => (/* binding */ escapeText),
/* harmony export */   tp: () => (/* binding */ table)
/* harmony export */ });
/* unused harmony export details */
/** Makes any text safe inside a Markdown table cell or sentence: no markup, no mention, no HTML, no line break. */
function escapeText(text) {
    return text
        .replace(/[\\`*_[\]|~#]/g, '\\$&')
        .replace(/&/g, '&amp;')
        .replace(/</g, '&lt;')
        .replace(/>/g, '&gt;')
        .replace(/@/g, '@\u200b')
        .replace(/\r?\n/g, ' ');
}
/** A table; cells are escaped here, so callers pass plain text. */
function table(header, rows) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [
        line(header.map(escapeText)),
        line(header.map(() => '---')),
        ...rows.map((row) => line(row.map(escapeText))),
    ].join('\n');
}
/** Literal text on its own lines: the fence is longer than any run of backticks within. */
function fenced(text, language = '') {
    const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = '`'.repeat(longest + 1);
    return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}
/** A folded block. */
function details(title, body) {
    return `<details><summary>${escapeText(title)}</summary>\n\n${body}\n\n</details>`;
}


/***/ }),

/***/ 85736:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   E$: () => (/* binding */ redact),
/* harmony export */   XP: () => (/* binding */ formsOf),
/* harmony export */   _o: () => (/* binding */ secretLines)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(88532);

/** Values shorter than this are not masked: masking them would blank ordinary words in logs and outputs. */
const MIN_MASKED_LENGTH = 6;
/** Reads `KEY=VALUE` lines. Empty lines are skipped; a line without a key is an error that does not show it. */
const secretLines = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()
    .default('')
    .transform((text, context) => {
    const secrets = new Map();
    for (const [index, line] of text.split('\n').entries()) {
        if (line.trim() === '')
            continue;
        const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line);
        if (match?.[1] === undefined) {
            context.addIssue({ code: 'custom', message: `line ${index + 1} is not KEY=VALUE (the line is not shown)` });
            return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
        }
        secrets.set(match[1], match[2] ?? '');
    }
    return secrets;
});
/** Every form in which a secret may turn up in output: itself, base64, URL-encoded, inside JSON. */
function formsOf(secret) {
    if (secret.length < MIN_MASKED_LENGTH)
        return [];
    const forms = [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
    return [...new Set(forms)];
}
/** Replaces every form of every secret by `***`. */
function redact(text, secrets) {
    let clean = text;
    for (const secret of secrets)
        for (const form of formsOf(secret))
            clean = clean.replaceAll(form, '***');
    return clean;
}


/***/ }),

/***/ 39860:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  ol: () => (/* binding */ digestOf),
  yP: () => (/* binding */ openChain),
  UM: () => (/* binding */ readChain),
  I5: () => (/* binding */ rootOf)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./node_modules/canonicalize/lib/canonicalize.js
var canonicalize = __webpack_require__(98799);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/iso.js
var iso = __webpack_require__(64377);
// EXTERNAL MODULE: ./packages/rollout/src/transaction.ts
var transaction = __webpack_require__(55029);
;// CONCATENATED MODULE: ./packages/evidence/src/record.ts


/** One call to another system: what came back and how long it took, in real milliseconds. */
const call = schemas/* strictObject */.rej({
    system: schemas/* string */.YjP(),
    what: schemas/* string */.YjP(),
    status: schemas/* union */.KCZ([schemas/* number */.aig(), schemas/* string */.YjP()]),
    ms: schemas/* number */.aig(),
});
/** One action run. The records of a job form a chain: each names the sha256 of the canonical JSON of the one before. */
const evidenceRecord = schemas/* strictObject */.rej({
    v: schemas/* literal */.euz(1),
    /** the job as its chain names it, `deploy` or `deploy (eu-west)` */
    job: schemas/* string */.YjP(),
    seq: schemas/* int */.Whr().min(0),
    previous: schemas/* string */.YjP().nullable(),
    action: schemas/* string */.YjP(),
    actionRef: schemas/* string */.YjP(),
    startedAt: iso/* datetime */.w$(),
    endedAt: iso/* datetime */.w$(),
    service: schemas/* string */.YjP().optional(),
    region: schemas/* string */.YjP().optional(),
    environment: schemas/* string */.YjP().optional(),
    transaction: schemas/* string */.YjP().optional(),
    run: transaction/* runRef */.px,
    /** secrets are left out, not masked */
    inputs: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J()),
    outcome: schemas/* string */.YjP(),
    reason: schemas/* string */.YjP(),
    facts: schemas/* unknown */.L5J(),
    calls: schemas/* array */.YOg(call),
});
/** What a job uploads beside its records: which job of the run this chain belongs to. */
const chainManifest = schemas/* strictObject */.rej({
    v: schemas/* literal */.euz(1),
    /** the job's id in GitHub's API (its check run); null where the runner does not tell it */
    jobId: schemas/* int */.Whr().nullable(),
    job: schemas/* string */.YjP(),
    region: schemas/* string */.YjP().nullable(),
    attempt: schemas/* int */.Whr(),
    records: schemas/* int */.Whr().min(0),
    /** sha256 of the last record, null when there is none */
    head: schemas/* string */.YjP().nullable(),
});

;// CONCATENATED MODULE: ./packages/evidence/src/chain.ts





const MANIFEST = 'chain.json';
const RECORD = /^\d{4}\.json$/;
/** sha256 over the canonical JSON (RFC 8785), as `sha256:...`. */
function digestOf(value) {
    return `sha256:${(0,external_node_crypto_.createHash)('sha256').update((0,canonicalize/* default */.A)(value) ?? '').digest('hex')}`;
}
function openChain(folder) {
    const last = async () => (await readRecords(folder)).at(-1);
    return {
        async append(record) {
            await (0,promises_.mkdir)(folder, { recursive: true });
            const before = await last();
            const seq = before ? before.seq + 1 : 0;
            const file = (0,external_node_path_.join)(folder, `${String(seq).padStart(4, '0')}.json`);
            await writeWhole(file, evidenceRecord.parse({ ...record, seq, previous: before ? digestOf(before) : null }));
            return file;
        },
        async seal(about) {
            await (0,promises_.mkdir)(folder, { recursive: true });
            const records = await readRecords(folder);
            const end = records.at(-1);
            const manifest = { v: 1, ...about, records: records.length, head: end ? digestOf(end) : null };
            await writeWhole((0,external_node_path_.join)(folder, MANIFEST), manifest);
            return manifest;
        },
    };
}
async function writeWhole(file, value) {
    await (0,promises_.writeFile)(`${file}.part`, `${JSON.stringify(value, null, 2)}\n`);
    await (0,promises_.rename)(`${file}.part`, file);
}
async function readRecords(folder) {
    const names = await (0,promises_.readdir)(folder).catch(() => []);
    const files = names.filter((name) => RECORD.test(name)).sort();
    return Promise.all(files.map(async (name) => evidenceRecord.parse(JSON.parse(await (0,promises_.readFile)((0,external_node_path_.join)(folder, name), 'utf8')))));
}
/** Reads a downloaded chain and checks every link; what does not fit is listed, never thrown. */
async function readChain(folder) {
    const problems = [];
    const read = async (name, schema) => {
        try {
            return schema.parse(JSON.parse(await (0,promises_.readFile)((0,external_node_path_.join)(folder, name), 'utf8')));
        }
        catch (error) {
            problems.push(`${name} cannot be read: ${error.message.split('\n')[0]}`);
            return undefined;
        }
    };
    const names = (await (0,promises_.readdir)(folder).catch(() => [])).filter((name) => RECORD.test(name)).sort();
    const records = (await Promise.all(names.map((name) => read(name, evidenceRecord)))).filter((record) => record !== undefined);
    const manifest = await read(MANIFEST, chainManifest);
    problems.push(...brokenLinks(records));
    const end = records.at(-1);
    if (manifest && manifest.head !== (end ? digestOf(end) : null))
        problems.push(`the chain ends at ${end ? digestOf(end) : 'nothing'}, its manifest says ${manifest.head ?? 'nothing'}`);
    if (manifest && manifest.records !== records.length)
        problems.push(`${records.length} records are there, the manifest counts ${manifest.records}`);
    return { manifest, records, problems };
}
function brokenLinks(records) {
    return records.flatMap((record, index) => {
        const before = records[index - 1];
        const expected = before ? digestOf(before) : null;
        if (record.seq !== index)
            return [`record ${index} says it is number ${record.seq}: one is missing`];
        return record.previous === expected ? [] : [`record ${index} follows ${record.previous ?? 'nothing'}, not ${expected ?? 'nothing'}`];
    });
}
/** One value that stands for the evidence of a whole run: the sha256 over the sorted heads of its chains. */
function rootOf(heads) {
    return digestOf([...heads].sort());
}


/***/ }),

/***/ 51125:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   E9: () => (/* binding */ parseDuration),
/* harmony export */   a3: () => (/* binding */ formatDuration),
/* harmony export */   p0: () => (/* binding */ duration)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(88532);

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/**
 * Reads a duration as people write it: `30s`, `5m`, `1h30m`, `90d`, `250ms`.
 * Units fall from left to right and each stands once, so that a slip such as `5m5m` is not added up.
 * @returns milliseconds, or undefined when the text is no duration
 */
function parseDuration(text) {
    const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)];
    if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim())
        return undefined;
    let total = 0;
    let previous = Infinity;
    for (const [, amount, unit] of parts) {
        const size = unitMs[unit];
        if (size >= previous)
            return undefined;
        previous = size;
        total += Number(amount) * size;
    }
    return Math.round(total);
}
/** Writes milliseconds as the shortest exact text: `1h30m`, `10s`, `250ms`, `0s`. */
function formatDuration(ms) {
    let rest = Math.round(ms);
    if (rest <= 0)
        return '0s';
    let text = '';
    for (const unit of ['d', 'h', 'm', 's', 'ms']) {
        const count = Math.floor(rest / unitMs[unit]);
        if (count > 0)
            text += `${count}${unit}`;
        rest -= count * unitMs[unit];
    }
    return text;
}
/** A duration in a config or an input: text in, milliseconds out. */
const duration = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()
    .meta({ description: 'a duration such as 30s, 5m or 1h30m', pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$' })
    .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined)
        return ms;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no duration; write it like 30s, 5m or 1h30m` });
    return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
});


/***/ }),

/***/ 25148:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   CE: () => (/* binding */ formatRate),
/* harmony export */   Ef: () => (/* binding */ WHOLE),
/* harmony export */   KN: () => (/* binding */ percent),
/* harmony export */   l9: () => (/* binding */ formatPercent),
/* harmony export */   lo: () => (/* binding */ parsePercent)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(88532);

/** All of something, in basis points. */
const WHOLE = 10_000;
/**
 * Reads a share: `10%`, `0.5%`, or the bare number of percent `10`.
 * @returns basis points (10,000 = all), or undefined when the text is no share of 0 to 100 % in steps of 0.01 %
 */
function parsePercent(text) {
    const match = /^(\d+(?:\.\d+)?)\s*%?$/.exec(String(text).trim());
    if (!match)
        return undefined;
    const points = Number((Number(match[1]) * 100).toFixed(6));
    return Number.isInteger(points) && points <= WHOLE ? points : undefined;
}
/** Writes basis points as people read them: 1000 -> `10%`, 50 -> `0.5%`. */
function formatPercent(basisPoints) {
    return `${Number((basisPoints / 100).toFixed(2))}%`;
}
/** Writes a rate (0 to 1) as a percentage with the digits that matter: 0.00844 -> `0.84%`. */
function formatRate(rate) {
    const percent = rate * 100;
    if (percent === 0)
        return '0%';
    return `${Number(percent >= 10 ? percent.toFixed(1) : percent.toPrecision(percent >= 1 ? 3 : 2))}%`;
}
/** A share in a config or an input: `10%` or 10 in, basis points out. */
const percent = zod__WEBPACK_IMPORTED_MODULE_0__/* .union */ .KCZ([zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .number */ .aig()])
    .meta({ description: 'a percentage such as 10%, 0.5% or 10' })
    .transform((text, context) => {
    const points = parsePercent(text);
    if (points !== undefined)
        return points;
    context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(text)} is no percentage; write 0% to 100% in steps of 0.01%, like 10% or 0.5%`,
    });
    return zod__WEBPACK_IMPORTED_MODULE_1__/* .NEVER */ .tm;
});


/***/ }),

/***/ 55029:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $x: () => (/* binding */ transactionStates),
/* harmony export */   Dh: () => (/* binding */ DIGEST),
/* harmony export */   F6: () => (/* binding */ liveStates),
/* harmony export */   _r: () => (/* binding */ release),
/* harmony export */   g: () => (/* binding */ transactionRecord),
/* harmony export */   px: () => (/* binding */ runRef),
/* harmony export */   v4: () => (/* binding */ mayBecome)
/* harmony export */ });
/* unused harmony export restorePoint */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(64377);
/* harmony import */ var _weights__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(12468);


/** An image digest as registries write it. */
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** A version of a service: its name for people, its digest for machines. */
const release = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    version: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().min(1),
    digest: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().regex(DIGEST, 'a digest is sha256: and 64 hexadecimal digits'),
});
/** What is needed to put one written thing back. Data only: no command, URL or credential (safety.md, "Ledger"). */
const restorePoint = zod__WEBPACK_IMPORTED_MODULE_0__/* .discriminatedUnion */ .gMt('kind', [
    zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ kind: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz('traffic'), router: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), weights: _weights__WEBPACK_IMPORTED_MODULE_1__/* .weights */ .W3 }),
    zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
        kind: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz('script'),
        name: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
        /** what the script's `snapshot` printed, at most 1 KiB */
        state: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().refine((text) => Buffer.byteLength(text) <= 1024, 'a script state is at most 1 KiB'),
    }),
]);
/** Which run wrote something. */
const runRef = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    id: zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr(),
    attempt: zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr(),
    /** `OWNER/REPO/.github/workflows/deploy.yml@refs/heads/main` */
    workflowRef: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    actor: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
});
/** Everything one rollout does to one target, written ahead of the first change. */
const transactionRecord = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    v: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz(1),
    /** RUNID-ATTEMPT-SERVICE-REGION-N, N counting within the job */
    id: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    service: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    region: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    release,
    previous: release.optional(),
    commit: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    /** absent when an action is used alone: its settings are then in the run's artifact */
    config: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ path: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), digest: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP() }).optional(),
    run: runRef,
    correlationId: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    openedAt: zod__WEBPACK_IMPORTED_MODULE_2__/* .datetime */ .w$(),
    /** in the order in which to restore */
    restore: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(restorePoint),
});
const transactionStates = [
    'open',
    'committed',
    'restoring',
    'restored',
    'unverified',
    'restore-failed',
    'superseded',
];
/** States in which something of the transaction may still be on the target: they hold it against other rollouts. */
const liveStates = ['open', 'restoring'];
/** Where each state may go. A restore may be tried again after it failed; a committed transaction may be undone. */
const next = {
    open: ['committed', 'restoring', 'superseded'],
    committed: ['restoring'],
    restoring: ['restoring', 'restored', 'unverified', 'restore-failed'],
    restored: ['restoring'],
    unverified: ['restoring'],
    'restore-failed': ['restoring'],
    superseded: [],
};
/** True when a transaction in state `from` may be marked `to`. */
function mayBecome(from, to) {
    return next[from].includes(to);
}


/***/ }),

/***/ 12468:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Aw: () => (/* binding */ canaryWeights),
/* harmony export */   BI: () => (/* binding */ findArms),
/* harmony export */   ML: () => (/* binding */ sameWeights),
/* harmony export */   V7: () => (/* binding */ formatWeights),
/* harmony export */   W3: () => (/* binding */ weights),
/* harmony export */   fc: () => (/* binding */ apportion),
/* harmony export */   j7: () => (/* binding */ normalise)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var _percent__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(25148);


/** A vector of weights as it is stored and read back. */
const weights = zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr().min(0).max(_percent__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef))
    .refine((vector) => sum(Object.values(vector)) === _percent__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef, 'weights must sum to 10,000 basis points');
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
/** True when both vectors give every member the same share; a member that is absent has none. */
function sameWeights(a, b) {
    const members = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...members].every((member) => (a[member] ?? 0) === (b[member] ?? 0));
}
/** Writes a vector in its own order: `blue 90%, green 10%`. */
function formatWeights(vector) {
    return Object.entries(vector)
        .map(([member, points]) => `${member} ${(0,_percent__WEBPACK_IMPORTED_MODULE_1__/* .formatPercent */ .l9)(points)}`)
        .join(', ');
}
/**
 * Splits `total` units over members in proportion to their weights, by largest remainder (Hamilton's method),
 * ties to the earlier member, so that the parts always sum to `total`.
 * With all weights 0 nothing can be split and every part is 0.
 */
function apportion(shares, total) {
    const members = Object.keys(shares);
    const whole = sum(Object.values(shares));
    if (whole === 0)
        return Object.fromEntries(members.map((member) => [member, 0]));
    const exact = members.map((member) => ((shares[member] ?? 0) * total) / whole);
    const floors = exact.map(Math.floor);
    const left = total - sum(floors);
    const byRemainder = members
        .map((_, index) => index)
        .sort((a, b) => (exact[b] ?? 0) - (floors[b] ?? 0) - ((exact[a] ?? 0) - (floors[a] ?? 0)) || a - b);
    const raised = new Set(byRemainder.slice(0, left));
    return Object.fromEntries(members.map((member, index) => [member, (floors[index] ?? 0) + (raised.has(index) ? 1 : 0)]));
}
/** Turns a provider's units (any non-negative numbers) into basis points that sum to the whole. */
function normalise(units) {
    return apportion(units, _percent__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef);
}
/**
 * Tells the baseline arm from the canary arm by the traffic they carry.
 * @returns undefined when there are not exactly two arms or neither carries everything
 */
function findArms(vector) {
    const [first, second, ...more] = Object.keys(vector);
    if (first === undefined || second === undefined || more.length > 0)
        return undefined;
    if (vector[first] === _percent__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef)
        return { baseline: first, canary: second };
    if (vector[second] === _percent__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef)
        return { baseline: second, canary: first };
    return undefined;
}
/** The vector that gives the canary arm `points` and the baseline arm the rest. */
function canaryWeights(arms, points) {
    return { [arms.baseline]: _percent__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef - points, [arms.canary]: points };
}


/***/ })

};
