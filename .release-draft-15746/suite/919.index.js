export const id = 919;
export const ids = [919];
export const modules = {

/***/ 39398:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   JL: () => (/* binding */ deployVariables),
/* harmony export */   K$: () => (/* binding */ script),
/* harmony export */   j3: () => (/* binding */ runScript),
/* harmony export */   kf: () => (/* binding */ scriptFailure)
/* harmony export */ });
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(76760);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_path__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(88532);


/**
 * `ops/deploy.sh --fast`: a path inside the repository and fixed arguments, split at blanks.
 * No shell reads it, so quotes, variables and pipes mean nothing and are refused rather than passed on.
 */
const script = zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
    .meta({ description: 'a script of the repository and fixed arguments, such as ops/deploy.sh --fast' })
    .transform((line, context) => {
    const [path, ...args] = line.trim().split(/\s+/);
    const problem = refusal(line, path);
    if (problem === undefined && path)
        return { path, args };
    context.addIssue({ code: 'custom', message: `${JSON.stringify(line)} ${problem}` });
    return zod__WEBPACK_IMPORTED_MODULE_2__/* .NEVER */ .tm;
});
function refusal(line, path) {
    if (!path)
        return 'names no script';
    if (/["'`$|&;<>(){}*?\\]/.test(line))
        return 'is not run by a shell: write a path and plain arguments; variables reach the script as DEPLOY_*';
    if (path.startsWith('-'))
        return 'begins with -, which is no path';
    if ((0,node_path__WEBPACK_IMPORTED_MODULE_0__.isAbsolute)(path) || (0,node_path__WEBPACK_IMPORTED_MODULE_0__.normalize)(path).split(node_path__WEBPACK_IMPORTED_MODULE_0__.sep).includes('..'))
        return 'lies outside the repository';
    return undefined;
}
/** Runs a script of the repository with nothing but `DEPLOY_*` (and PATH and the like) in its environment. */
function runScript({ path, args }, { process, workspace }, options) {
    return process.run({
        command: [(0,node_path__WEBPACK_IMPORTED_MODULE_0__.join)(workspace, path), ...args],
        cwd: workspace,
        env: options.variables,
        timeoutMs: options.timeoutMs,
        signal: options.signal,
    });
}
/** `vars.probe-url` -> `DEPLOY_VARS_PROBE_URL`. */
function deployVariables(values) {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [`DEPLOY_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`, value]));
}
/** How a script ended, in words; undefined when it succeeded. */
function scriptFailure({ path }, { ended, exitCode, stderr, stdout }) {
    if (ended === 'timeout')
        return `${path} did not end in time and was stopped`;
    if (ended === 'cancelled')
        return `${path} was stopped because the run was cancelled`;
    if (exitCode === 0)
        return undefined;
    const lastLine = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '';
    return `${path} ended with exit code ${exitCode ?? 'none (killed)'}${lastLine ? `: ${lastLine.slice(0, 300)}` : ''}`;
}


/***/ }),

/***/ 56596:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   A: () => (/* binding */ checks),
/* harmony export */   X: () => (/* binding */ openCheck)
/* harmony export */ });
/** Every kind of check by its `type`. A new one is one file and one line here. */
const checks = {
    http: () => __webpack_require__.e(/* import() */ 967).then(__webpack_require__.bind(__webpack_require__, 35967)),
    script: () => __webpack_require__.e(/* import() */ 644).then(__webpack_require__.bind(__webpack_require__, 44644)),
};
/** Opens a check from its settings. */
async function openCheck(settings, ports) {
    const provider = await checks[settings.type]();
    return provider.create(provider.options.parse(settings), ports);
}


/***/ }),

/***/ 81895:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  g6: () => (/* binding */ findRegion),
  Z4: () => (/* binding */ parseRollout),
  $4: () => (/* binding */ providerSchema),
  WZ: () => (/* binding */ resolveAll),
  Zv: () => (/* binding */ resolveRegion)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
// EXTERNAL MODULE: ./node_modules/yaml/dist/index.js
var dist = __webpack_require__(38815);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./node_modules/zod/v4/core/core.js
var core = __webpack_require__(88532);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/checks/src/registry.ts
var registry = __webpack_require__(56596);
// EXTERNAL MODULE: ./packages/metrics/src/registry.ts
var src_registry = __webpack_require__(11718);
// EXTERNAL MODULE: ./packages/notifiers/src/registry.ts
var notifiers_src_registry = __webpack_require__(39184);
// EXTERNAL MODULE: ./packages/traffic/src/registry.ts
var traffic_src_registry = __webpack_require__(1238);
// EXTERNAL MODULE: ./packages/config/src/place.ts
var place = __webpack_require__(86563);
// EXTERNAL MODULE: ./packages/config/src/meaning.ts
var meaning = __webpack_require__(33563);
// EXTERNAL MODULE: ./packages/config/src/schema.ts
var src_schema = __webpack_require__(92869);
;// CONCATENATED MODULE: ./packages/config/src/variables.ts


/** What `${...}` may name. `vars.NAME` comes from the region. */
const variableNames = ['region', 'environment', 'service', 'version', 'digest', 'image', 'commit', 'run-id', 'correlation-id', 'arm'];
const VARIABLE = /\$(\$)?\{([^}]*)\}/g;
/** Fills `${...}` in every value of a document; `$${` stands for a literal `${`. Keys are left alone. */
function fillDocument(source, variables) {
    const problems = [];
    const copy = source.document.clone();
    (0,dist/* visit */.YR)(copy, {
        Scalar(key, node) {
            if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${'))
                return;
            node.value = node.value.replace(VARIABLE, (whole, escaped, name) => {
                if (escaped)
                    return whole.slice(1);
                const value = lookUp(name, variables);
                if (value)
                    return value;
                problems.push({ where: (0,dist/* isScalar */.jn)(node) && node.range ? (0,place.at)(source, node.range[0]) : source.path, message: unresolved(whole, name, variables) });
                return whole;
            });
        },
    });
    return { value: copy.toJS(), problems };
}
function lookUp(name, variables) {
    if (name.startsWith('vars.'))
        return variables.vars?.[name.slice('vars.'.length)];
    return variables[name];
}
function unresolved(whole, name, variables) {
    const known = [...variableNames, ...Object.keys(variables.vars ?? {}).map((own) => `vars.${own}`)];
    if (known.includes(name))
        return `${whole} has no value here`;
    return `${whole} is no variable; known: ${known.join(', ')}.${(0,place/* didYouMean */.au)(name, known)}`;
}

;// CONCATENATED MODULE: ./packages/config/src/load.ts












/** Reads the text of a rollout.yml. @throws InputError with every problem of its YAML, its service and its regions */
function parseRollout(text, path) {
    const lines = new dist/* LineCounter */.HN();
    const document = (0,dist/* parseDocument */.Tp)(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const source = { path, document, lines };
    if (document.errors.length > 0)
        throw new errors/* InputError */.dz(document.errors.map((error) => ({ where: (0,place.at)(source, error.pos[0]), message: error.message })));
    const head = schemas/* looseObject */._H3({ service: schemas/* string */.YjP().min(1), regions: schemas/* array */.YOg(src_schema/* region */.Ny).min(1) });
    const parsed = head.safeParse(document.toJS() ?? {});
    if (!parsed.success)
        throw new errors/* InputError */.dz((0,place/* problemsOf */.GW)(source, head, parsed.error.issues));
    const regions = parsed.data.regions.map((entry) => ({ ...entry, 'guard-environment': entry['guard-environment'] ?? `${entry.environment}-guard` }));
    return { ...source, digest: `sha256:${(0,external_node_crypto_.createHash)('sha256').update(text).digest('hex')}`, service: parsed.data.service, regions };
}
/** Finds a region by its name. @throws InputError that lists the known ones */
function findRegion(file, name) {
    const known = file.regions.map((region) => region.name);
    const found = file.regions.find((region) => region.name === name);
    if (found)
        return found;
    throw new errors/* InputError */.dz([{ where: (0,place/* placeOf */.$t)(file, ['regions']), message: `no region is named ${name}; known: ${known.join(', ')}.${(0,place/* didYouMean */.au)(name, known)}` }]);
}
/**
 * The config for one region, variables filled. Without a value for `arm`, `${arm}` is checked with the first arm's name.
 * @throws InputError with every problem, each with line and column
 */
async function resolveRegion(file, name, resolution) {
    const { config, problems } = await tryRegion(file, findRegion(file, name), resolution);
    if (problems.length > 0 || !config)
        throw new errors/* InputError */.dz(problems);
    return config;
}
/** Every region's config. @throws InputError with the problems of all regions, each once */
async function resolveAll(file, resolution) {
    const results = await Promise.all(file.regions.map((region) => tryRegion(file, region, resolution)));
    const problems = new Map(results.flatMap((result) => result.problems).map((problem) => [`${problem.where} ${problem.message}`, problem]));
    if (problems.size > 0)
        throw new errors/* InputError */.dz([...problems.values()]);
    return results.flatMap(({ config }) => (config ? [config] : []));
}
async function tryRegion(file, region, { variables, secrets }) {
    const filled = fillDocument(file, {
        arm: firstArm(file),
        ...variables,
        service: file.service,
        region: region.name,
        environment: region.environment,
        vars: region.vars,
    });
    const schema = (0,src_schema/* rolloutSchema */.pu)(await providersOf(filled.value));
    const parsed = schema.safeParse(filled.value);
    if (!parsed.success)
        return { problems: [...filled.problems, ...(0,place/* problemsOf */.GW)(file, schema, parsed.error.issues)] };
    const problems = [...filled.problems, ...(await (0,meaning/* checkMeaning */.u)(file, parsed.data)), ...missingSecrets(file, filled.value, secrets)];
    return { config: { ...parsed.data, region }, problems };
}
function firstArm(file) {
    const names = file.document.getIn(['arms', 'names', 0]);
    return typeof names === 'string' ? names : 'blue';
}
/** The option schemas of the providers that this document names: the others stay unloaded. */
async function providersOf(value) {
    const document = value;
    return {
        router: await providerSchema(traffic_src_registry/* routers */.L, [document?.traffic?.canary?.router]),
        source: await providerSchema(src_registry/* sources */.T, Object.values(document?.metrics?.sources ?? {})),
        check: await providerSchema(registry/* checks */.A, Object.values(document?.checks ?? {})),
        sink: await providerSchema(notifiers_src_registry/* notifiers */.y, Array.isArray(document?.notifications) ? document.notifications : []),
    };
}
/** A schema that hands each value to the options of the provider its `type` names. */
async function providerSchema(registry, values) {
    const used = [...new Set(values.map(typeOf))].filter((type) => type !== undefined && type in registry);
    const options = new Map(await Promise.all(used.map(async (type) => [type, (await registry[type]?.())?.options])));
    const known = Object.keys(registry);
    return schemas/* unknown */.L5J().transform((value, context) => {
        const type = typeOf(value);
        const schema = type === undefined ? undefined : options.get(type);
        if (!schema) {
            const message = type === undefined ? `needs a type; known: ${known.join(', ')}` : `${type} is no known type; known: ${known.join(', ')}.${(0,place/* didYouMean */.au)(type, known)}`;
            context.addIssue({ code: 'custom', message });
            return core/* NEVER */.tm;
        }
        const parsed = schema.safeParse(value);
        if (parsed.success)
            return parsed.data;
        for (const issue of parsed.error.issues)
            context.addIssue(named(issue, schema));
        return core/* NEVER */.tm;
    });
}
const typeOf = (value) => {
    const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
    return typeof type === 'string' ? type : undefined;
};
/** An issue of a provider's own options; its known keys are named here, where its schema is at hand. */
function named(issue, schema) {
    if (issue.code !== 'unrecognized_keys' || issue.path.length > 0 || !('shape' in schema))
        return issue;
    const known = Object.keys(schema.shape);
    const message = issue.keys.map((key) => `${key} is an unknown key; known here: ${known.join(', ')}.${(0,place/* didYouMean */.au)(key, known)}`).join(' ');
    return { code: "custom", message, input: undefined, path: issue.keys.slice(0, 1) };
}
/** Every `*-secret` must name a secret that was handed over; nothing else can be read. */
function missingSecrets(file, value, secrets, path = []) {
    if (secrets === undefined || typeof value !== 'object' || value === null)
        return [];
    return Object.entries(value).flatMap(([key, inner]) => {
        const here = [...path, Array.isArray(value) ? Number(key) : key];
        if (!key.endsWith('-secret'))
            return missingSecrets(file, inner, secrets, here);
        if (typeof inner === 'string' && secrets.get(inner))
            return [];
        return [{ where: (0,place/* placeOf */.$t)(file, here), message: `${key}: the secret ${String(inner)} was not handed over; add ${String(inner)}=... to the secrets input (DEPLOY_SECRETS)` }];
    });
}


/***/ }),

/***/ 33563:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   j: () => (/* binding */ checkQueries),
/* harmony export */   u: () => (/* binding */ checkMeaning)
/* harmony export */ });
/* harmony import */ var _deploy_actions_metrics__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(11718);
/* harmony import */ var _place__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(86563);


/** What no schema can see: names that must exist, and things that must differ. */
async function checkMeaning(source, config) {
    const problems = [];
    const report = (path, message) => problems.push({ where: (0,_place__WEBPACK_IMPORTED_MODULE_0__/* .placeOf */ .$t)(source, path), message: `${(0,_place__WEBPACK_IMPORTED_MODULE_0__/* .formatPath */ .jV)(path)}: ${message}` });
    checkRegions(config, report);
    checkArms(config, report);
    checkGates(source, config, report);
    await checkQueries(config, report);
    return problems;
}
function checkRegions({ regions }, report) {
    regions.forEach((region, index) => {
        const earlier = regions.slice(0, index);
        if (earlier.some(({ name }) => name === region.name))
            report(['regions', index, 'name'], `${region.name} is there twice`);
        const sharing = earlier.find(({ environment }) => environment.toLowerCase() === region.environment.toLowerCase());
        if (sharing)
            report(['regions', index, 'environment'], `${sharing.name} already has the environment ${region.environment}; approvals and the ledger need one per region`);
        if (region['guard-environment']?.toLowerCase() === region.environment.toLowerCase())
            report(['regions', index, 'guard-environment'], 'is the environment itself; the guard must not wait for its reviewers');
    });
}
function checkArms({ arms }, report) {
    if (arms.names[0] === arms.names[1])
        report(['arms', 'names'], 'the two arms must differ');
}
function checkGates(source, { gates, checks }, report) {
    const known = Object.keys(checks);
    for (const [name, gate] of Object.entries(gates)) {
        gate?.checks.forEach((check, index) => {
            const path = ['gates', name, 'checks', index];
            if (!known.includes(check))
                return report(path, `no check is named ${check}; known: ${known.join(', ') || 'none'}.${(0,_place__WEBPACK_IMPORTED_MODULE_0__/* .didYouMean */ .au)(check, known)}`);
            // Before the transaction begins nobody knows which arm is which.
            if (name === 'before' && JSON.stringify(source.document.getIn(['checks', check])).includes('${arm}'))
                report(path, `${check} uses \${arm}, which does not exist before the transaction begins`);
        });
    }
}
async function checkQueries({ metrics }, report) {
    const known = Object.keys(metrics.sources);
    for (const name of ['requests', 'errors']) {
        const { source, ...query } = metrics[name];
        const settings = metrics.sources[source];
        if (!settings) {
            report(['metrics', name, 'source'], `no source is named ${source}; known: ${known.join(', ')}.${(0,_place__WEBPACK_IMPORTED_MODULE_0__/* .didYouMean */ .au)(source, known)}`);
            continue;
        }
        const parsed = (await _deploy_actions_metrics__WEBPACK_IMPORTED_MODULE_1__/* .sources */ .T[settings.type]()).query.safeParse(query);
        for (const issue of parsed.error?.issues ?? [])
            report(['metrics', name, ...issue.path], `${issue.message} (source ${source} is of type ${settings.type})`);
    }
}


/***/ }),

/***/ 86563:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $t: () => (/* binding */ placeOf),
/* harmony export */   GW: () => (/* binding */ problemsOf),
/* harmony export */   at: () => (/* binding */ at),
/* harmony export */   au: () => (/* binding */ didYouMean),
/* harmony export */   jV: () => (/* binding */ formatPath)
/* harmony export */ });
/* harmony import */ var fastest_levenshtein__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(21916);
/* harmony import */ var yaml__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(38815);


/** `rollout.yml:12:5`. */
function at({ path, lines }, offset) {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
}
/** The place of a value, or of the nearest thing around it that exists. */
function placeOf(source, path) {
    for (let length = path.length; length >= 0; length--) {
        const node = source.document.getIn(path.slice(0, length), true);
        if (node?.range)
            return at(source, node.range[0]);
    }
    return source.path;
}
function placeOfKey(source, path, key) {
    const map = source.document.getIn(path, true);
    const pair = (0,yaml__WEBPACK_IMPORTED_MODULE_1__/* .isMap */ .jh)(map) ? map.items.find((item) => (0,yaml__WEBPACK_IMPORTED_MODULE_1__/* .isScalar */ .jn)(item.key) && item.key.value === key) : undefined;
    const range = (0,yaml__WEBPACK_IMPORTED_MODULE_1__/* .isScalar */ .jn)(pair?.key) ? pair.key.range : undefined;
    return range ? at(source, range[0]) : placeOf(source, path);
}
/** `stages[2].weight`. */
function formatPath(path) {
    return path.reduce((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)), '');
}
/** ` Did you mean x?`, when one of the known words is near enough to be a slip. */
function didYouMean(word, known) {
    const [best] = known.map((candidate) => ({ candidate, away: (0,fastest_levenshtein__WEBPACK_IMPORTED_MODULE_0__/* .distance */ .Io)(word, candidate) })).sort((a, b) => a.away - b.away);
    return best && best.away <= Math.max(1, Math.floor(word.length / 3)) ? ` Did you mean ${best.candidate}?` : '';
}
/** Every problem of a zod error as `rollout.yml:LINE:COL: path: what is wrong; what is allowed`. */
function problemsOf(source, schema, issues) {
    return issues.flatMap((issue) => {
        if (issue.code === 'unrecognized_keys') {
            const known = keysAt(schema, issue.path);
            return issue.keys.map((key) => ({
                where: placeOfKey(source, issue.path, key),
                message: `${formatPath([...issue.path, key])}: unknown key; known here: ${known.join(', ')}.${didYouMean(key, known)}`,
            }));
        }
        if (issue.code === 'invalid_union' && issue.errors.length > 0) {
            const inner = issue.errors.find((errors) => errors.length > 0);
            if (inner && !issue.discriminator)
                return problemsOf(source, schema, inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] })));
        }
        const missing = issue.code === 'invalid_type' && issue.message.includes('received undefined');
        const path = formatPath(issue.path);
        return [
            {
                where: placeOf(source, issue.path),
                message: missing ? `${path}: is missing${expected(schema, issue.path)}` : `${path ? `${path}: ` : ''}${issue.message}`,
            },
        ];
    });
}
function expected(schema, path) {
    const description = schemaAt(schema, path)?.description;
    return description ? ` (${description})` : '';
}
function keysAt(schema, path) {
    const found = schemaAt(schema, path);
    return found && 'shape' in found ? Object.keys(found.shape) : [];
}
/** Follows a path through objects, arrays, records and their wrappers; undefined where a union makes it ambiguous. */
function schemaAt(schema, path) {
    let here = unwrap(schema);
    for (const part of path) {
        const def = here?.def;
        const next = def?.shape?.[String(part)] ?? def?.element ?? def?.valueType ?? def?.items?.[Number(part)];
        if (!next)
            return undefined;
        here = unwrap(next);
    }
    return here;
}
function unwrap(schema) {
    const def = schema.def;
    if (def.innerType)
        return unwrap(def.innerType);
    if (def.in)
        return unwrap(def.in);
    if (def.options?.length === 1 && def.options[0])
        return unwrap(def.options[0]);
    return schema;
}


/***/ }),

/***/ 92869:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Ew: () => (/* binding */ notification),
/* harmony export */   HS: () => (/* binding */ analysis),
/* harmony export */   Ny: () => (/* binding */ region),
/* harmony export */   _$: () => (/* binding */ stages),
/* harmony export */   _7: () => (/* binding */ arms),
/* harmony export */   pu: () => (/* binding */ rolloutSchema),
/* harmony export */   qd: () => (/* binding */ metrics)
/* harmony export */ });
/* unused harmony exports order, deployScript, metricQuery, gate, stage, canary */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(88532);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(39398);
/* harmony import */ var _deploy_actions_notifiers__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(11783);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(25148);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(51125);




/** Names that go into ids, concurrency groups and file names. */
const name = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'is no name; use letters, digits and -, at most 63');
const rate = _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .percent */ .KN.transform((points) => points / _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef);
const region = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    name,
    environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().min(1).max(255).describe('GitHub environment: approvals, wait timer, branch rules'),
    'guard-environment': zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().min(1).max(255).optional().describe('environment without reviewers in which the guard restores; default: the name + -guard'),
    vars: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().regex(/^[A-Za-z0-9-]+$/), zod__WEBPACK_IMPORTED_MODULE_0__/* .union */ .KCZ([zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .number */ .aig(), zod__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zMY()]).transform(String)).default({}).describe('values for ${vars.NAME}'),
});
const order = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    kind: zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(['serial', 'delayed', 'parallel']).default('serial').describe('how regions follow each other'),
    delay: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.optional().describe('with delayed: how long the region before is watched first'),
})
    .refine((order) => (order.kind === 'delayed') === (order.delay !== undefined), {
    message: 'delay belongs to kind: delayed, and kind: delayed needs it',
    path: ['delay'],
});
const arms = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    names: zod__WEBPACK_IMPORTED_MODULE_0__/* .tuple */ .PVZ([name, name]).default(['blue', 'green']).describe('the two places in a region where a version can run'),
    finish: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz('swap').default('swap').describe('after 100 % the canary arm is the new baseline'),
});
const deployScript = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    run: _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .script */ .K$.describe('puts the release onto ${arm}'),
    snapshot: _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .script */ .K$.describe('prints, in at most 1 KiB, what restore needs to put ${arm} back'),
    restore: _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .script */ .K$.describe('puts ${arm} back to DEPLOY_STATE'),
    timeout: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('10m').describe('for each of the three'),
});
const metricQuery = zod__WEBPACK_IMPORTED_MODULE_0__/* .looseObject */ ._H3({ source: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().describe('name of a source') });
const metrics = (source) => zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    sources: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(name, source).refine((all) => Object.keys(all).length > 0, 'name at least one source'),
    requests: metricQuery.describe('counter of requests of ${arm}'),
    errors: metricQuery.describe('counter of failed requests of ${arm}'),
});
const gateTiming = {
    checks: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()).min(1).describe('names of checks'),
    timeout: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('15m').describe('when the gate says no'),
    interval: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('15s').describe('between two rounds'),
    'green-for': _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('0s').describe('how long all must be green without a break'),
};
const gate = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej(gateTiming);
const stage = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    weight: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .percent */ .KN.describe('share of the traffic that the canary arm gets'),
    watch: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.describe('how long at least'),
    limits: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ 'error-rate': rate.refine((value) => value > 0 && value < 1, 'a limit lies between 0% and 100%').optional() })
        .prefault({})
        .describe('what the canary must keep'),
    'min-requests': zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr().min(1).optional().describe('requests the canary must have had before the stage can pass'),
});
const stages = zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(stage).min(1).superRefine((list, context) => {
    list.forEach(({ weight }, index) => {
        const before = list[index - 1]?.weight ?? 0;
        if (weight > before)
            return;
        context.addIssue({ code: 'custom', path: [index, 'weight'], message: `stages must rise: ${weight / 100}% does not follow ${before / 100}%` });
    });
    if (list.at(-1)?.weight !== _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .WHOLE */ .Ef)
        context.addIssue({ code: 'custom', path: [list.length - 1, 'weight'], message: 'the last stage must be 100%: the rollout ends with all traffic on the canary arm' });
});
const analysis = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    judge: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz('sequential').default('sequential'),
    interval: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('10s').describe('between two samples'),
    alpha: rate.refine((value) => value > 0 && value < 0.5, 'lies between 0% and 50%').prefault('1%').describe('probability of a false alarm over the whole rollout of a target'),
    margin: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ ratio: zod__WEBPACK_IMPORTED_MODULE_0__/* .number */ .aig().min(1).default(1.25), absolute: rate.prefault('0.1%') })
        .prefault({})
        .describe('how much worse than the baseline is harmless'),
    'min-requests': zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr().min(1).optional().describe('for stages without their own'),
    'max-watch': _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.optional().describe('longest watch of a stage while data are too few; default 3 x watch'),
    'error-timeout': _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('5m').describe('without a good sample for this long the stage is an error'),
    'on-fail': zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(['rollback', 'report']).default('rollback'),
    'on-error': zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(['rollback', 'hold']).default('rollback'),
    'on-inconclusive': zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(['rollback', 'promote']).default('rollback'),
});
/** 10/25/50/75 % for five minutes each, then 100 % for half an hour. */
const defaultStages = [
    ...['10%', '25%', '50%', '75%'].map((weight) => ({ weight, watch: '5m' })),
    { weight: '100%', watch: '30m' },
];
const canary = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ analysis: analysis.prefault({}), stages: stages.prefault(defaultStages) });
const notification = (sink) => zod__WEBPACK_IMPORTED_MODULE_0__/* .looseObject */ ._H3({ type: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), on: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(_deploy_actions_notifiers__WEBPACK_IMPORTED_MODULE_4__/* .eventKinds */ .M)).min(1).optional() }).transform(({ on, ...rest }, context) => {
    const parsed = sink.safeParse(rest);
    if (parsed.success)
        return { on, sink: parsed.data };
    for (const issue of parsed.error.issues)
        context.addIssue({ ...issue, path: issue.path });
    return zod__WEBPACK_IMPORTED_MODULE_5__/* .NEVER */ .tm;
});
/** rollout.yml. The schema holds only what works. */
const rolloutSchema = ({ router, source, check, sink }) => zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    version: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz(1),
    service: name,
    regions: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(region).min(1).describe('in order'),
    order: order.prefault({}),
    arms: arms.prefault({}),
    deploy: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ script: deployScript }),
    traffic: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ canary: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ router }) }),
    metrics: metrics(source),
    checks: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(name, check).default({}).describe('named once, used by gates'),
    gates: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
        before: gate.optional().describe('nothing is touched until green'),
        'after-deploy': gate.optional().describe('the new release on its arm, before it gets traffic'),
        'after-rollout': gate.optional().describe('with all traffic on the new release, before the commit; watched during a delay'),
    })
        .prefault({}),
    canary: canary.prefault({}),
    notifications: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(notification(sink)).default([]),
    evidence: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ links: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()).default({}).describe('shown on cards and in reports') })
        .prefault({}),
});


/***/ }),

/***/ 3919:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   RF: () => (/* binding */ scriptVariables),
/* harmony export */   "in": () => (/* binding */ correlationOf),
/* harmony export */   l7: () => (/* binding */ releaseOf),
/* harmony export */   sn: () => (/* binding */ configuredTarget),
/* harmony export */   wW: () => (/* binding */ readRollout),
/* harmony export */   yS: () => (/* binding */ bareTarget)
/* harmony export */ });
/* unused harmony export DEFAULT_CONFIG */
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_fs_promises__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1___default = /*#__PURE__*/__webpack_require__.n(node_path__WEBPACK_IMPORTED_MODULE_1__);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(39398);
/* harmony import */ var _load__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(81895);




const DEFAULT_CONFIG = 'rollout.yml';
/** Reads a rollout.yml of the repository. @throws InputError when it is not there, or not readable as one */
async function readRollout(path, { workspace }) {
    const name = path ?? DEFAULT_CONFIG;
    const text = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(workspace, name), 'utf8').catch((error) => {
        throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .InputError */ .dz([{ where: name, message: `cannot be read (${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .messageOf */ .bD)(error)}); check out the repository first, or name the file in \`config\`` }]);
    });
    return (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .parseRollout */ .Z4)(text, name);
}
/** The region of a rollout.yml that the inputs name. @throws InputError */
async function configuredTarget(inputs, context) {
    const file = await readRollout(inputs.config, context);
    if (inputs.region === undefined)
        throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .InputError */ .dz([{ where: 'input `region`', message: `is missing; known in ${file.path}: ${file.regions.map(({ name }) => name).join(', ')}` }]);
    const entry = (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .findRegion */ .g6)(file, inputs.region);
    const correlationId = correlationOf(inputs, file.service, context);
    const variables = variablesOf(inputs, context, correlationId);
    return {
        file,
        entry,
        service: file.service,
        region: entry.name,
        environment: inputs.environment ?? entry.environment,
        correlationId,
        config: ({ arm, secrets } = {}) => (0,_load__WEBPACK_IMPORTED_MODULE_3__/* .resolveRegion */ .Zv)(file, entry.name, { variables: { ...variables, ...(arm === undefined ? {} : { arm }) }, ...(secrets === undefined ? {} : { secrets }) }),
    };
}
/** A target without a rollout.yml. @throws InputError that names every input that is missing */
function bareTarget(inputs, context) {
    const { service, environment } = inputs;
    if (service === undefined || environment === undefined) {
        const missing = ['service', 'environment'].filter((key) => inputs[key] === undefined);
        throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .InputError */ .dz(missing.map((key) => ({ where: `input \`${key}\``, message: 'is missing; without rollout.yml it says what is written to' })));
    }
    return { service, environment, region: inputs.region ?? environment, correlationId: correlationOf(inputs, service, context) };
}
/** The release of the inputs. @throws InputError that names what is missing */
function releaseOf({ version, digest }) {
    if (version !== undefined && digest !== undefined)
        return { version, digest };
    throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .InputError */ .dz([
        ...(version === undefined ? [{ where: 'input `version`', message: 'is missing; it names the release for people, for example 1.4.0' }] : []),
        ...(digest === undefined ? [{ where: 'input `digest`', message: 'is missing; a release is deployed by its immutable digest, sha256: and 64 hexadecimal digits' }] : []),
    ]);
}
/** `SERVICE-RUNID-ATTEMPT` unless it was given. */
function correlationOf(inputs, service, { runId, attempt }) {
    return inputs['correlation-id'] ?? `${service}-${runId}-${attempt}`;
}
function variablesOf({ version, digest, image }, context, correlationId) {
    return {
        ...(version === undefined ? {} : { version }),
        ...(digest === undefined ? {} : { digest }),
        ...(image === undefined ? {} : { image }),
        commit: context.sha,
        'run-id': String(context.runId),
        'correlation-id': correlationId,
    };
}
/** The `DEPLOY_*` variables that every script of this target gets. */
function scriptVariables(target, { version, digest, image }, { sha, runId }, arms) {
    const values = {
        service: target.service,
        region: target.region,
        environment: target.environment,
        'correlation-id': target.correlationId,
        commit: sha,
        'run-id': String(runId),
        version,
        digest,
        image,
        arm: arms?.arm,
        'baseline-arm': arms?.baseline,
        'canary-arm': arms?.canary,
        ...Object.fromEntries(Object.entries(target.entry.vars).map(([name, value]) => [`vars-${name}`, value])),
    };
    return (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__/* .deployVariables */ .JL)(Object.fromEntries(Object.entries(values).filter((entry) => entry[1] !== undefined)));
}


/***/ }),

/***/ 11718:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   T: () => (/* binding */ sources),
/* harmony export */   o: () => (/* binding */ openSource)
/* harmony export */ });
/** Every metric source by its `type`. A new one is one file and one line here. */
const sources = {
    scrape: () => __webpack_require__.e(/* import() */ 172).then(__webpack_require__.bind(__webpack_require__, 25172)),
};
/** Opens a source from settings that were validated by its own options. */
async function openSource(settings, ports) {
    const provider = await sources[settings.type]();
    return provider.create(provider.options.parse(settings), ports);
}


/***/ }),

/***/ 11783:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   M: () => (/* binding */ eventKinds)
/* harmony export */ });
/* unused harmony exports stageReport, link, rolloutEvent */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(64377);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(55029);


const eventKinds = [
    'started',
    'stage',
    'approval-needed',
    'promoted',
    'completed',
    'failed',
    'restoring',
    'restored',
    'restore-failed',
];
/** What a stage came to, as people are told. */
const stageReport = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    /** basis points */
    weight: zod__WEBPACK_IMPORTED_MODULE_0__/* .int */ .Whr(),
    verdict: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    reason: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    durationMs: zod__WEBPACK_IMPORTED_MODULE_0__/* .number */ .aig(),
});
const link = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({ title: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), url: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP() });
/** Something that happened in a rollout and that people or systems are told of. */
const rolloutEvent = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    kind: zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(eventKinds),
    at: zod__WEBPACK_IMPORTED_MODULE_1__/* .datetime */ .w$(),
    service: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    region: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    environment: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    release: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .release */ ._r,
    stage: stageReport.optional(),
    /** why, derived from the numbers */
    cause: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    /** whom it touches, and how much */
    impact: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    status: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
    next: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    links: zod__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YOg(link),
    run: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .runRef */ .px,
    correlationId: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(),
});


/***/ }),

/***/ 39184:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   N: () => (/* binding */ openNotifier),
/* harmony export */   y: () => (/* binding */ notifiers)
/* harmony export */ });
/** Every sink by its `type`. A new one is one file and one line here. */
const notifiers = {
    webhook: () => __webpack_require__.e(/* import() */ 18).then(__webpack_require__.bind(__webpack_require__, 49018)),
};
/** Opens a sink from its settings. */
async function openNotifier(settings, ports) {
    const provider = await notifiers[settings.type]();
    return provider.create(provider.options.parse(settings), ports);
}


/***/ }),

/***/ 1238:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   L: () => (/* binding */ routers),
/* harmony export */   Y: () => (/* binding */ openRouter)
/* harmony export */ });
/** Every router by its `type`. A new one is one file and one line here. */
const routers = {
    haproxy: () => __webpack_require__.e(/* import() */ 36).then(__webpack_require__.bind(__webpack_require__, 41036)),
};
/** Opens a router from settings that were validated by its own options. */
async function openRouter(settings, ports, arms) {
    const provider = await routers[settings.type]();
    return provider.create(provider.options.parse(settings), ports, arms);
}


/***/ })

};
