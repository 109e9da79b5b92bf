export const id = 644;
export const ids = [644];
export const modules = {

/***/ 44644:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   create: () => (/* binding */ create),
/* harmony export */   options: () => (/* binding */ options)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(32716);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(39398);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(51125);



/** A script of the repository: exit code 0 is green; a number in its last line is the check's value. */
const options = zod__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .rej({
    type: zod__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .euz('script'),
    run: _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .script */ .K$,
    timeout: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('2m'),
})
    .describe('a script of the repository; exit code 0 is green');
function create({ run, timeout }, { process, workspace, variables }) {
    return {
        async probe(signal) {
            const result = await (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .runScript */ .j3)(run, { process, workspace }, { variables, timeoutMs: timeout, signal });
            if (result.ended === 'cancelled')
                throw new _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_3__/* .Cancelled */ .cJ('the run was cancelled');
            const lastLine = result.stdout.trim().split('\n').at(-1) ?? '';
            const value = lastLine !== '' && Number.isFinite(Number(lastLine)) ? { value: Number(lastLine) } : {};
            const failure = (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_1__/* .scriptFailure */ .kf)(run, result);
            return failure === undefined
                ? { state: 'green', detail: `${run.path} succeeded${lastLine ? `: ${lastLine.slice(0, 200)}` : ''}`, ...value }
                : { state: 'red', detail: failure, ...value };
        },
    };
}


/***/ })

};
