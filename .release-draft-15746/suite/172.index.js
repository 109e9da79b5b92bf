export const id = 172;
export const ids = [172];
export const modules = {

/***/ 25172:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  create: () => (/* binding */ create),
  options: () => (/* binding */ options),
  query: () => (/* binding */ query)
});

// EXTERNAL MODULE: ./node_modules/zod/v4/classic/schemas.js + 8 modules
var schemas = __webpack_require__(32716);
// EXTERNAL MODULE: ./node_modules/zod/v4/classic/coerce.js
var coerce = __webpack_require__(49567);
// EXTERNAL MODULE: ./packages/action-kit/src/errors.ts
var errors = __webpack_require__(48826);
;// CONCATENATED MODULE: ./packages/metrics/src/exposition.ts
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
/** Reads a selector. Returns undefined when it is none: only equality is supported. */
function parseSelector(text) {
    const parsed = parseHead(text.trim());
    return parsed && parsed.rest.trim() === '' ? { name: parsed.name, labels: parsed.labels } : undefined;
}
/**
 * Reads a page in the Prometheus text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 * Comments and lines that are no samples are passed over, as Prometheus' own parser does for HELP and TYPE.
 */
function parseExposition(page) {
    return page.split('\n').flatMap((line) => {
        if (line === '' || line.startsWith('#'))
            return [];
        const parsed = parseHead(line);
        const value = parsed?.rest.trim().split(/\s+/, 1)[0];
        return parsed && value ? [{ name: parsed.name, labels: parsed.labels, value: parseValue(value) }] : [];
    });
}
function parseHead(text) {
    const name = NAME.exec(text)?.[0];
    if (name === undefined)
        return undefined;
    if (text[name.length] !== '{')
        return { name, labels: {}, rest: text.slice(name.length) };
    const labels = {};
    LABEL.lastIndex = name.length + 1;
    while (text[LABEL.lastIndex] !== '}') {
        const from = LABEL.lastIndex;
        const match = LABEL.exec(text);
        if (!match?.[1] || match.index !== from)
            return undefined;
        labels[match[1]] = exposition_unescape(match[2] ?? '');
    }
    return { name, labels, rest: text.slice(LABEL.lastIndex + 1) };
}
const exposition_unescape = (text) => text.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
function parseValue(text) {
    if (text === '+Inf')
        return Infinity;
    if (text === '-Inf')
        return -Infinity;
    return Number(text);
}
/** True when the series has the selector's name and all its labels; labels that the selector leaves out may be anything. */
function matches(series, { name, labels }) {
    return series.name === name && Object.entries(labels).every(([label, value]) => series.labels[label] === value);
}

;// CONCATENATED MODULE: ./packages/metrics/src/scrape.ts



/** Metrics pages read directly: for rehearsal, small systems and proxies that export their own counters. */
const options = schemas/* strictObject */.rej({
    type: schemas/* literal */.euz('scrape'),
    pages: schemas/* array */.YOg(schemas/* url */.OZ5({ protocol: /^https?$/ })).min(1).describe('addresses of /metrics pages; their series are taken together'),
    timeout: coerce/* number */.ai().int().min(1).default(5_000).describe('milliseconds for one page'),
})
    .describe('/metrics pages in the Prometheus text format');
/** Series whose increases are added up; each is differenced apart, so that the restart of one resets only that one. */
const query = schemas/* strictObject */.rej({
    sum: schemas/* array */.YOg(schemas/* string */.YjP().refine((text) => parseSelector(text) !== undefined, 'is no selector; write name{label="value"}'))
        .min(1)
        .describe('selectors of the counters to add up'),
});
function create({ pages, timeout }, { http }) {
    const before = new Map();
    const scrape = async (signal) => {
        const answers = await Promise.all(pages.map((url) => http.request({ url, timeoutMs: timeout, signal })));
        return answers.flatMap(({ status, body }, index) => {
            if (status !== 200)
                throw new Error(`${pages[index]} answered ${status}`);
            return parseExposition(body);
        });
    };
    return {
        async sample(queries, signal) {
            let page;
            try {
                page = await scrape(signal);
            }
            catch (error) {
                if (error instanceof errors/* Cancelled */.cJ)
                    throw error;
                return queries.map(() => ({ problem: { kind: 'provider', message: (0,errors/* messageOf */.bD)(error) } }));
            }
            if (page.length === 0)
                return queries.map(() => ({ problem: { kind: 'provider', message: `${pages.join(', ')}: the page has no series at all` } }));
            return queries.map(({ name, query }) => increase(page, name, query, before));
        },
    };
}
function increase(page, name, { sum }, before) {
    const found = sum.flatMap((text) => page.filter((series) => matches(series, parseSelector(text))));
    // A first look at a query only takes levels: what was counted before is not this window's.
    const primed = before.has(name);
    before.set(name, 0);
    const problem = unusable(found, sum);
    if (problem)
        return { problem };
    let total = 0;
    for (const series of found) {
        const key = `${name} ${series.name}${JSON.stringify(Object.entries(series.labels).sort())}`;
        const level = before.get(key);
        before.set(key, series.value);
        // A counter that fell was reset: it counts from zero. One that appears later began at zero, too.
        if (primed)
            total += level === undefined || series.value < level ? series.value : series.value - level;
    }
    return { value: total };
}
function unusable(found, sum) {
    if (found.length === 0)
        return { kind: 'absent', message: `no series matches ${sum.join(' or ')}` };
    const odd = found.find(({ value }) => !Number.isFinite(value));
    if (!odd)
        return undefined;
    const label = `${odd.name}${JSON.stringify(odd.labels)} is ${odd.value}`;
    return { kind: Number.isNaN(odd.value) ? 'nan' : 'infinite', message: label };
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
