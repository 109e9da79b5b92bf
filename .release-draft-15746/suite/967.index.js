export const id = 967;
export const ids = [967];
export const modules = {

/***/ 35967:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   create: () => (/* binding */ create),
/* harmony export */   options: () => (/* binding */ options)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(49567);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(51125);



/** One HTTP request and what its answer must be. */
const options = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    type: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz('http'),
    url: zod__WEBPACK_IMPORTED_MODULE_0__/* .url */ .OZ5({ protocol: /^https?$/ }),
    method: zod__WEBPACK_IMPORTED_MODULE_0__/* ["enum"] */ .k5n(['GET', 'HEAD', 'POST']).default('GET'),
    headers: zod__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()).default({}),
    body: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().optional(),
    expect: zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
        status: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .ai().int().min(100).max(599).default(200),
        latency: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.optional().describe('the answer must be whole within this time'),
        contains: zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP().min(1).optional().describe('text that must stand in the body'),
    })
        .prefault({}),
    timeout: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('10s'),
})
    .describe('an HTTP request and what its answer must be');
function create(settings, { http }) {
    const { url, method, headers, body, expect, timeout } = settings;
    return {
        async probe(signal) {
            try {
                const response = await http.request({ url, method, headers, timeoutMs: timeout, signal, ...(body === undefined ? {} : { body }) });
                return judge(response, expect);
            }
            catch (error) {
                if (error instanceof _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .Cancelled */ .cJ)
                    throw error;
                return { state: 'red', detail: (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .messageOf */ .bD)(error) };
            }
        },
    };
}
function judge({ status, body, ms }, expect) {
    const answer = (state, detail) => ({ state, detail, value: ms });
    if (status !== expect.status)
        return answer('red', `answered ${status}, expected ${expect.status}`);
    if (expect.contains !== undefined && !body.includes(expect.contains))
        return answer('red', `the body does not contain ${JSON.stringify(expect.contains)}`);
    // Latency is real time in a rehearsal, too: requests are not scaled.
    if (expect.latency !== undefined && ms > expect.latency)
        return answer('red', `took ${ms} ms, allowed ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .formatDuration */ .a3)(expect.latency)}`);
    return answer('green', `answered ${status} in ${ms} ms`);
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
