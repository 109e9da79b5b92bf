export const id = 750;
export const ids = [750];
export const modules = {

/***/ 66750:
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
// EXTERNAL MODULE: ./packages/action-kit/src/script.ts
var src_script = __webpack_require__(39398);
// EXTERNAL MODULE: ./packages/action-kit/src/common-inputs.ts
var common_inputs = __webpack_require__(76676);
// EXTERNAL MODULE: ./packages/rollout/src/duration.ts
var duration = __webpack_require__(51125);
;// CONCATENATED MODULE: ./actions/run-hook/src/inputs.ts



const inputs = schemas/* strictObject */.rej({
    hook: schemas/* enum */.k5n(['deploy']).optional().describe('deploy: the script deploy.script.run of rollout.yml').meta({ example: 'deploy' }),
    run: src_script/* script */.K$.optional().describe('instead of hook: a script of the repository and fixed arguments').meta({ example: 'ops/warm-cache.sh' }),
    timeout: duration/* duration */.p0.optional().describe('with run: how long it may take; default 10m'),
    config: common_inputs/* commonInputs */.j.config.optional(),
    region: common_inputs/* commonInputs */.j.region.optional(),
    version: common_inputs/* commonInputs */.j.version.optional(),
    image: common_inputs/* commonInputs */.j.image.optional(),
    digest: common_inputs/* commonInputs */.j.digest.optional(),
    transaction: common_inputs/* commonInputs */.j.transaction.optional(),
    secrets: common_inputs/* commonInputs */.j.secrets,
    'dry-run': common_inputs/* commonInputs */.j['dry-run'],
    'github-token': common_inputs/* commonInputs */.j['github-token'],
    ledger: common_inputs/* commonInputs */.j.ledger,
    'correlation-id': common_inputs/* commonInputs */.j['correlation-id'].optional(),
});

// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/action-kit/src/secrets.ts
var secrets = __webpack_require__(85736);
// EXTERNAL MODULE: ./packages/action-kit/src/markdown.ts
var markdown = __webpack_require__(68852);
// EXTERNAL MODULE: ./packages/config/src/target.ts
var src_target = __webpack_require__(3919);
// EXTERNAL MODULE: ./packages/ledger/src/forward.ts
var forward = __webpack_require__(46666);
// EXTERNAL MODULE: ./packages/ledger/src/open-ledger.ts + 2 modules
var open_ledger = __webpack_require__(70812);
;// CONCATENATED MODULE: ./actions/run-hook/src/main.ts




const DEFAULT_TIMEOUT_MS = (0,duration/* parseDuration */.E9)('10m');
/** How much of a script's output goes into the summary and the evidence. */
const SHOWN_CHARACTERS = 4_000;
/** Runs one script with `DEPLOY_*` variables; its exit code is the outcome. */
async function main(inputs, ports) {
    if ((inputs.hook === undefined) === (inputs.run === undefined))
        throw new errors/* InputError */.dz([{ where: 'inputs `hook` and `run`', message: 'give exactly one; hook: deploy runs deploy.script.run of rollout.yml, run: any script of the repository' }]);
    const transaction = inputs.transaction === undefined ? undefined : await (0,forward/* joinTransaction */.R)(inputs.transaction, ports.context);
    const run = await prepare(inputs, transaction, ports);
    if (inputs['dry-run']) {
        ports.log.info(`would run ${run.script.path} with ${Object.keys(run.variables).join(', ')}`);
        return { outcome: 'would-run', reason: `would run ${run.script.path}` };
    }
    if (transaction)
        await (0,forward/* mustBeOpen */.z)((0,open_ledger/* openLedger */.a)(transaction.ledger, transaction.record.service, ports), transaction.record);
    return execute(run, inputs, ports);
}
async function prepare(inputs, transaction, ports) {
    if (inputs.hook !== undefined && transaction === undefined)
        throw new errors/* InputError */.dz([{ where: 'input `transaction`', message: 'is missing; a deploy acts within the transaction of restore-point begin, which says which arm it may write' }]);
    if (inputs.region === undefined && inputs.hook === undefined)
        return { script: inputs.run, timeoutMs: inputs.timeout ?? DEFAULT_TIMEOUT_MS, variables: {} };
    const release = transaction?.record.release;
    const target = await (0,src_target/* configuredTarget */.sn)({ ...inputs, ...release }, ports.context);
    const { service, region, environment } = target;
    ports.evidence.about({ service, region, environment, ...(transaction ? { transaction: transaction.record.id } : {}) });
    const arms = transaction?.settings.arms;
    const variables = (0,src_target/* scriptVariables */.RF)(target, { ...inputs, ...release }, ports.context, arms && { arm: arms.canary, ...arms });
    if (inputs.run !== undefined)
        return { script: inputs.run, timeoutMs: inputs.timeout ?? DEFAULT_TIMEOUT_MS, variables };
    const config = await target.config(arms ? { arm: arms.canary } : {});
    return { script: config.deploy.script.run, timeoutMs: config.deploy.script.timeout, variables };
}
async function execute({ script, timeoutMs, variables }, inputs, ports) {
    const result = await (0,src_script/* runScript */.j3)(script, { process: ports.process, workspace: ports.context.workspace }, { variables, timeoutMs, signal: ports.signal });
    const output = (0,secrets/* redact */.E$)(`${result.stdout}${result.stderr}`, inputs.secrets.values());
    ports.log.foreign(`Output of ${script.path}`, output);
    const failure = (0,src_script/* scriptFailure */.kf)(script, result);
    const reason = (0,secrets/* redact */.E$)(failure ?? `${script.path} succeeded`, inputs.secrets.values());
    ports.evidence.facts({ script: script.path, args: script.args, variables, exitCode: result.exitCode, ended: result.ended, output: output.slice(-SHOWN_CHARACTERS) });
    const shown = output.trim() === '' ? '' : `\n\n${(0,markdown/* fenced */.OF)(output.slice(-SHOWN_CHARACTERS))}`;
    ports.summary.add(`### ${(0,markdown/* escapeText */.X1)(inputs.hook ?? script.path)}: ${failure === undefined ? 'done' : 'failed'}\n\n${(0,markdown/* escapeText */.X1)(reason)}${shown}`);
    if (result.ended === 'cancelled')
        throw new errors/* Cancelled */.cJ(reason);
    const exitCode = result.exitCode === null ? {} : { 'exit-code': result.exitCode };
    if (failure !== undefined)
        throw new errors/* GateFailed */.jG(reason, { outputs: exitCode });
    return { outcome: 'done', reason, ...exitCode };
}

;// CONCATENATED MODULE: ./actions/run-hook/src/outputs.ts

const outputs = schemas/* object */.Ikc({
    outcome: schemas/* enum */.k5n(['done', 'would-run', 'invalid', 'failed', 'error', 'cancelled'])
        .describe('done; would-run with dry-run; invalid | failed | error | cancelled when it did not succeed'),
    reason: schemas/* string */.YjP().describe('why, in one sentence'),
    'exit-code': schemas/* number */.aig().optional().describe('exit code of the script'),
});

;// CONCATENATED MODULE: ./actions/run-hook/src/index.ts





/* harmony default export */ const src = ((0,action/* action */.X)({ name: 'run-hook', inputs: inputs, outputs: outputs, main: main, post: unfinished/* restoreUnfinishedTraffic */.j }));


/***/ })

};
