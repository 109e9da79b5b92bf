export const id = 36;
export const ids = [36];
export const modules = {

/***/ 41036:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  create: () => (/* binding */ create),
  options: () => (/* binding */ options)
});

// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __webpack_require__(77030);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/coerce.js
var coerce = __webpack_require__(49567);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
// EXTERNAL MODULE: ./packages/rollout/src/weights.ts
var weights = __webpack_require__(12468);
// EXTERNAL MODULE: ./packages/rollout/src/percent.ts
var percent = __webpack_require__(25148);
;// CONCATENATED MODULE: ./packages/traffic/src/router.ts


/** Somebody else changed the router between our read and our write; nothing was overwritten. */
class Conflict extends errors/* ProviderError */.mZ {
    constructor(provider, expected, found) {
        super(`${provider}: somebody else changed the weights: expected ${(0,weights/* formatWeights */.V7)(expected)}, found ${(0,weights/* formatWeights */.V7)(found)}; nothing was written`, { provider });
    }
}

;// CONCATENATED MODULE: ./packages/traffic/src/haproxy.ts





/** HAProxy's runtime API over TCP (`stats socket ipv4@ADDRESS:PORT level admin`). */
const options = schemas/* strictObject */.rej({
    type: schemas/* literal */.euz('haproxy'),
    host: schemas/* string */.YjP().min(1).default('127.0.0.1').describe('address of the stats socket'),
    port: coerce/* number */.ai().int().min(1).max(65_535).describe('port of the stats socket'),
    backend: identifier('backend').describe('name of the backend'),
    members: schemas/* record */.g1P(schemas/* string */.YjP().min(1), identifier('server'))
        .optional()
        .describe('arm -> server of the backend; default: servers are named as the arms'),
    timeout: coerce/* number */.ai().int().min(1).default(2_000).describe('milliseconds for one exchange'),
})
    .describe('HAProxy, by its runtime API over TCP');
/** Names go into a command line of HAProxy's: no blank, slash or separator may stand in them. */
function identifier(what) {
    return schemas/* string */.YjP().regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/, `is no name of a ${what}`);
}
/** HAProxy takes absolute weights of 0 to 256; all of them 0 answers 503. */
const MAX_WEIGHT = 256;
/** States of `show servers state`: management guide 9.3; srv_op_state 2 is running, srv_admin_state bits mean maintenance or drain. */
const OPERATIONAL = 2;
const DRAIN_BITS = 0x08 | 0x10;
const MAINTENANCE_BITS = 0x01 | 0x02 | 0x04 | 0x20;
function create(settings, { clock, evidence }, arms) {
    const where = `haproxy ${settings.host}:${settings.port} backend ${settings.backend}`;
    const servers = settings.members ?? Object.fromEntries(arms.map((arm) => [arm, arm]));
    const ask = async (command, signal) => {
        const started = clock.realMs();
        const note = (status) => evidence.call({ system: where, what: command, status, ms: Math.round(clock.realMs() - started) });
        try {
            const reply = await exchange(settings, command, signal, clock.ioTimeout(settings.timeout));
            note(reply.trim().split('\n', 1)[0]?.slice(0, 100) || 'ok');
            return reply;
        }
        catch (error) {
            note(error.message);
            throw error;
        }
    };
    const read = async (signal) => {
        const reply = await ask(`show servers state ${settings.backend}`, signal);
        const rows = parseServersState(reply, where);
        const members = {};
        const serving = {};
        for (const [member, server] of Object.entries(servers)) {
            const row = rows.get(server);
            if (!row)
                throw new errors/* ProviderError */.mZ(`${where} has no server ${server} (arm ${member}); it has: ${[...rows.keys()].join(', ')}`, { provider: where });
            const enabled = (row.admin & (DRAIN_BITS | MAINTENANCE_BITS)) === 0;
            const healthy = row.operational === OPERATIONAL;
            members[member] = { enabled, healthy, units: row.weight };
            serving[member] = enabled && healthy ? row.weight : 0;
        }
        const strangers = [...rows].filter(([server, row]) => !Object.values(servers).includes(server) && row.weight > 0);
        if (strangers.length > 0)
            throw new errors/* ProviderError */.mZ(`${where} also sends traffic to ${strangers.map(([server, row]) => `${server} (weight ${row.weight})`).join(', ')}, which is no arm: list it under members or give it weight 0`, { provider: where });
        const units = Object.fromEntries(Object.entries(members).map(([member, { units }]) => [member, units]));
        return { weights: (0,weights/* normalise */.j7)(units), effective: (0,weights/* normalise */.j7)(serving), members };
    };
    return {
        capabilities: { min: 0, max: MAX_WEIGHT, step: 1, zero: 'weight', atomic: false, compareAndSet: false, effectWithin: '1s' },
        read,
        async write(wanted, expected, signal) {
            const current = await read(signal);
            if (!(0,weights/* sameWeights */.ML)(current.weights, expected.weights))
                throw new Conflict(where, expected.weights, current.weights);
            const units = toUnits(wanted, Object.keys(servers));
            const growing = (member) => (units[member] ?? 0) - (current.members[member]?.units ?? 0);
            // Growing before shrinking, so that at no instant traffic goes nowhere; one connection, so both follow at once.
            const commands = Object.keys(servers)
                .filter((member) => growing(member) !== 0)
                .sort((a, b) => growing(b) - growing(a))
                .map((member) => `set server ${settings.backend}/${servers[member]} weight ${units[member]}`);
            if (commands.length === 0)
                return;
            const reply = await ask(commands.join('; '), signal);
            if (reply.trim() !== '')
                throw new errors/* ProviderError */.mZ(`${where} refused ${commands.join('; ')}: ${reply.trim().split('\n').join(' ')}`, { provider: where });
        },
    };
}
/** Totals to split into units, the plainest first: whole percents read as themselves on HAProxy's own page. */
const TOTALS = [100, 200, MAX_WEIGHT];
/** Basis points to absolute weights of 0 to 256, exact where a total allows it, by largest remainder where none does. */
function toUnits(wanted, members) {
    const shares = Object.fromEntries(members.map((member) => [member, wanted[member] ?? 0]));
    const exact = (total) => Object.values(shares).every((points) => (points * total) % percent/* WHOLE */.Ef === 0);
    const units = (0,weights/* apportion */.fc)(shares, TOTALS.find(exact) ?? MAX_WEIGHT);
    for (const member of members)
        // A share too small for one unit must not silently become nothing.
        if ((shares[member] ?? 0) > 0 && units[member] === 0)
            throw new errors/* ProviderError */.mZ(`a share of ${(0,percent/* formatPercent */.l9)(shares[member] ?? 0)} for ${member} is finer than HAProxy's weights; the least is 0.4%`, { provider: 'haproxy' });
    return units;
}
/** Reads `show servers state`: a version line, a header that names the fields, a row a server. */
function parseServersState(reply, where) {
    const [version, header, ...lines] = reply.split('\n');
    if (version?.trim() !== '1' || !header?.startsWith('# '))
        throw new errors/* ProviderError */.mZ(`${where} answered ${JSON.stringify(reply.trim().slice(0, 200))} to show servers state`, { provider: where });
    const fields = header.slice(2).trim().split(/\s+/);
    const column = (name) => {
        const index = fields.indexOf(name);
        if (index < 0)
            throw new errors/* ProviderError */.mZ(`${where}: show servers state has no field ${name}`, { provider: where });
        return index;
    };
    const [name, operational, admin, weight] = [column('srv_name'), column('srv_op_state'), column('srv_admin_state'), column('srv_uweight')];
    return new Map(lines
        .filter((line) => line.trim() !== '')
        .map((line) => line.trim().split(/\s+/))
        .map((cells) => [cells[name] ?? '', { operational: Number(cells[operational]), admin: Number(cells[admin]), weight: Number(cells[weight]) }]));
}
/** Sends one line and reads until HAProxy closes the connection, as it does after the replies. */
function exchange({ host, port }, command, signal, timeoutMs) {
    const where = `haproxy ${host}:${port}`;
    return new Promise((resolve, reject) => {
        const socket = new external_node_net_.Socket();
        let reply = '';
        const fail = (error) => {
            settle();
            reject(error);
        };
        const onAbort = () => fail(new errors/* Cancelled */.cJ('the run was cancelled', { cause: signal.reason }));
        const timer = setTimeout(() => fail(new errors/* ProviderError */.mZ(`${where} gave no answer within ${Math.round(timeoutMs)} ms to: ${command}`, { provider: where, retryable: true })), timeoutMs);
        const settle = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', onAbort);
            socket.destroy();
        };
        if (signal.aborted)
            return onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        socket.setEncoding('utf8');
        socket.on('data', (text) => (reply += text));
        socket.on('error', (cause) => fail(new errors/* ProviderError */.mZ(`${where} could not be reached: ${cause.message}; is the stats socket open to this runner?`, { provider: where, cause, retryable: true })));
        socket.on('end', () => {
            settle();
            resolve(reply);
        });
        socket.connect(port, host, () => socket.write(`${command}\n`));
    });
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
