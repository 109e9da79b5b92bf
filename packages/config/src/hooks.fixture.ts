/** A small rollout.yml with these hooks, which begin in its line 11. */
export const rolloutWithHooks = (hooks: string, vars = '{}'): string => `version: 1
service: shop
regions: [{ name: eu, environment: production-eu, vars: ${vars} }]
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: { type: haproxy, port: 9999, backend: app } } }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:8404/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['errors_total{arm="\${arm}"}'] }
hooks:
${hooks}
`
