import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { WORKFLOWS } from '../callers'
import { callersFolder } from '../suite-folders'
import { yamlText } from '../yaml-text'
import type { Wanted } from './wanted'

/** What `init` writes, by the name under which it can be asked for alone. */
export const parts = ['config', 'deploy', 'emergency-rollback', 'steer', 'sweeper'] as const
export type Part = (typeof parts)[number]

/** A file that is to be there. */
export interface NewFile {
  path: string
  text: string
}

export async function filesOf(wanted: Wanted, only: readonly Part[]): Promise<NewFile[]> {
  const files: Record<Part, () => Promise<NewFile>> = {
    config: async () => ({ path: wanted.config, text: rolloutFile(wanted) }),
    deploy: () => caller('deploy', wanted),
    'emergency-rollback': () => caller('emergency-rollback', wanted),
    steer: () => caller('steer', wanted),
    sweeper: () => caller('sweeper', wanted),
  }
  return Promise.all(only.map((part) => files[part]()))
}

/** A ready caller, with the suite that it calls and, where it is another one, the file that it reads. */
async function caller(name: Part, { suite, config }: Pick<Wanted, 'suite' | 'config'>): Promise<NewFile> {
  const ready = await readFile(join(callersFolder, `${name}.yml`), 'utf8')
  const text = ready.replace(/^(#.*\n)+/, '').replaceAll('OWNER/deploy-actions', suite)
  return {
    path: `${WORKFLOWS}/${name}.yml`,
    text:
      // The others read no rollout.yml of the default branch.
      name !== 'deploy' || config === 'rollout.yml'
        ? text
        : text.replace(/^( +)with:\n/m, `$&$1  config: ${yamlText(config)}\n`),
  }
}

function rolloutFile({ service, suite, regions, order, delay, router, metrics }: Wanted): string {
  const backend = backendOf(router)
  const counter = (metric: string, more = ''): string =>
    `      - haproxy_server_${metric}_total{proxy=${JSON.stringify(backend)},server="\${arm}"${more}}`
  const broken = ['connection_errors', 'response_errors', 'client_aborts'].map((metric) => counter(metric))
  return `${[
    `# yaml-language-server: $schema=https://raw.githubusercontent.com/${suite}/v1/rollout.schema.json`,
    'version: 1',
    `service: ${yamlText(service)}`,
    '',
    'regions: # in order',
    ...regions.map(({ name, environment, vars }) => {
      const more = Object.entries(vars).map(([key, value]) => `${yamlText(key)}: ${yamlText(value)}`)
      return `  - { name: ${yamlText(name)}, environment: ${yamlText(environment)}${more.length === 0 ? '' : `, vars: { ${more.join(', ')} }`} }`
    }),
    '',
    `order: { kind: ${yamlText(order)}${delay === undefined ? '' : `, delay: ${yamlText(delay)}`} }`,
    '',
    'deploy: # three scripts of yours, with DEPLOY_* variables',
    '  script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh }',
    '',
    'traffic:',
    '  canary:',
    `    router: ${flow(router)}`,
    '',
    'metrics:',
    '  sources:',
    `    proxy: { type: scrape, pages: [${JSON.stringify(metrics)}] }`,
    '  # for a server that refuses or hangs, HAProxy counts an error or a client that gave up, and no response',
    '  requests:',
    '    source: proxy',
    '    sum:',
    counter('http_responses'),
    ...broken,
    '  errors:',
    '    source: proxy',
    '    sum:',
    counter('http_responses', ',code="5xx"'),
    ...broken,
    '',
    'canary: # a rate above the limit, or well above that of the old arm, takes the release back',
    '  stages:',
    '    - { weight: 10%, watch: 5m, limits: { error-rate: 1% } }',
    '    - { weight: 50%, watch: 5m, limits: { error-rate: 1% } }',
    '    - { weight: 100%, watch: 15m, limits: { error-rate: 1% } }',
  ].join('\n')}\n`
}

/** What was given is YAML of one line or of several: in one it has its place whatever it was. */
const flow = (router: string): string => JSON.stringify(parse(router))

/** Its metrics are named by the backend. */
function backendOf(router: string): string {
  const { backend } = (parse(router) ?? {}) as { backend?: unknown }
  return typeof backend === 'string' ? backend : ''
}
