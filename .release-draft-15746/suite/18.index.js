export const id = 18;
export const ids = [18];
export const modules = {

/***/ 72047:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   C: () => (/* binding */ quickCard),
/* harmony export */   D: () => (/* binding */ quickCardMarkdown)
/* harmony export */ });
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(68852);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(25148);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(51125);


const happened = {
    started: 'rollout started',
    stage: 'stage',
    'approval-needed': 'approval needed',
    promoted: 'promoted',
    completed: 'rollout completed',
    failed: 'rollout failed',
    restoring: 'being restored',
    restored: 'restored',
    'restore-failed': 'RESTORE FAILED',
};
/** One model of an event that every sink renders in its own form. */
function quickCard(event) {
    const where = event.region === undefined ? '' : ` in ${event.region}`;
    const what = event.stage ? `${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatPercent */ .l9)(event.stage.weight)} stage ${event.stage.verdict}` : happened[event.kind];
    const facts = [
        ['Region', event.region],
        ['Release', `${event.release.version} (${event.release.digest.slice(0, 19)})`],
        ['Stage', event.stage && `${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_0__/* .formatPercent */ .l9)(event.stage.weight)} of the traffic, ${event.stage.verdict} after ${(0,_deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_1__/* .formatDuration */ .a3)(event.stage.durationMs)}`],
        ['Cause', event.cause],
        ['Impact', event.impact],
        ['Status', event.status],
        ['Next', event.next],
        ['Correlation', event.correlationId],
    ];
    return {
        title: `${event.service} ${event.release.version}: ${what}${where}`,
        facts: facts.flatMap(([name, value]) => (value ? [{ name, value }] : [])),
        links: event.links,
    };
}
/** The card for job summaries and release comments. */
function quickCardMarkdown(event) {
    const card = quickCard(event);
    const rows = card.facts.map(({ name, value }) => `| **${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(name)}** | ${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(value)} |`);
    const links = card.links.map(({ title, url }) => `[${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(title)}](${encodeURI(url)})`).join(' · ');
    return [`### ${(0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_2__/* .escapeText */ .X1)(card.title)}`, '', '| | |', '| --- | --- |', ...rows, ...(links ? ['', links] : [])].join('\n');
}


/***/ }),

/***/ 49018:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   create: () => (/* binding */ create),
/* harmony export */   options: () => (/* binding */ options)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77598);
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_crypto__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(32716);
/* harmony import */ var _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(48826);
/* harmony import */ var _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(51125);
/* harmony import */ var _quick_card__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(72047);





/** A POST of the event and its card as JSON; signed when a secret is named. */
const options = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    type: zod__WEBPACK_IMPORTED_MODULE_1__/* .literal */ .euz('webhook'),
    url: zod__WEBPACK_IMPORTED_MODULE_1__/* .url */ .OZ5({ protocol: /^https?$/ }).optional().describe('where to post'),
    'url-secret': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('name of the secret that holds the address'),
    'hmac-secret': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('name of the secret that signs: X-Deploy-Actions-Signature-256: sha256=HEX over the body'),
    timeout: _deploy_actions_rollout__WEBPACK_IMPORTED_MODULE_2__/* .duration */ .p0.prefault('10s'),
})
    .refine((sink) => (sink.url === undefined) !== (sink['url-secret'] === undefined), 'name exactly one of url and url-secret')
    .describe('a POST of the event and its card as JSON');
/** A 429 is tried again after what it asks for, at most so often and so long (the action's milliseconds). */
const MAX_TRIES = 3;
const MAX_RETRY_AFTER_MS = 60_000;
function create(settings, { http, clock, secrets }) {
    return {
        async send(event, signal) {
            const url = settings.url ?? secrets.get(settings['url-secret'] ?? '');
            if (!url)
                return { delivered: false, detail: `the secret ${settings['url-secret']} was not handed over` };
            const body = JSON.stringify({ event, card: (0,_quick_card__WEBPACK_IMPORTED_MODULE_3__/* .quickCard */ .C)(event) });
            const key = settings['hmac-secret'] === undefined ? undefined : secrets.get(settings['hmac-secret']);
            if (settings['hmac-secret'] !== undefined && !key)
                return { delivered: false, detail: `the secret ${settings['hmac-secret']} was not handed over` };
            const signature = key ? { 'x-deploy-actions-signature-256': `sha256=${(0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createHmac)('sha256', key).update(body).digest('hex')}` } : {};
            const post = () => http.request({ method: 'POST', url, headers: { 'content-type': 'application/json', ...signature }, body, timeoutMs: settings.timeout, signal });
            try {
                for (let tries = 1;; tries++) {
                    const response = await post();
                    // Only a 429 is repeated: any other POST may have arrived.
                    if (response.status !== 429 || tries === MAX_TRIES)
                        return delivery(response.status);
                    await clock.sleep(Math.min(Number(response.headers['retry-after'] ?? 1) * 1000 || 1000, MAX_RETRY_AFTER_MS), signal);
                }
            }
            catch (error) {
                if (error instanceof _deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__/* .Cancelled */ .cJ)
                    throw error;
                return { delivered: false, detail: (0,_deploy_actions_action_kit__WEBPACK_IMPORTED_MODULE_4__/* .messageOf */ .bD)(error) };
            }
        },
    };
}
function delivery(status) {
    const delivered = status >= 200 && status < 300;
    return delivered ? { delivered, status } : { delivered, status, detail: `the webhook answered ${status}` };
}


/***/ })

};
