import { describe, expect, it } from '@jest/globals'
import { createFakePorts } from '@deploy-actions/testing'
import type { InputError } from '@deploy-actions/action-kit'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolloutWithHooks } from './hooks.fixture'
import { parseRollout, resolveAll } from './load'
import { configuredTarget, scriptVariables } from './target'
import { outputsNamedIn } from './variables'

// What of an infrastructure the rest of rollout.yml may name, and what stands for it.

const SINGLE = `infrastructure:
  path: infra
  plan-key-secret: PLAN_KEY
  backend-config: { key: '\${region}' }
  outputs: { proxy_host: 10.0.0.9, port: '9999' }
`
const STACKS = `infrastructure:
  plan-key-secret: PLAN_KEY
  backend-config: { key: '\${region}' }
  stacks:
    network: { path: infra, outputs: { proxy_host: 10.0.0.9 } }
`
const rollout = (infrastructure: string, router = "host: '${infra.proxy_host}', ") =>
  rolloutWithHooks('  finished: ops/x.sh ${infra.proxy_host}').replace(
    'haproxy, ',
    () => `haproxy, ${router}`,
  ) + infrastructure

const told = (error: unknown): string[] =>
  (error as InputError).problems.map(({ where, message }) => `${where}: ${message}`)
const problems = async (text: string): Promise<string[]> =>
  resolveAll(await parseRollout(text, 'rollout.yml'), { variables: { version: '1.4.0' } }).then(
    () => [],
    told,
  )

async function targetOf(text: string, infra?: Record<string, string>) {
  const workspace = await mkdtemp(join(tmpdir(), 'outputs-'))
  await writeFile(join(workspace, 'rollout.yml'), text)
  const { context } = createFakePorts()
  const inputs = { region: 'eu', version: '1.4.0', digest: `sha256:${'b'.repeat(64)}`, infra }
  const target = await configuredTarget(inputs, { ...context, workspace })
  await rm(workspace, { recursive: true })
  return { target, variables: () => scriptVariables(target, inputs, context) }
}

describe('an output of the infrastructure', () => {
  it('is looked at by its example, and acted on by its value alone', async () => {
    expect(await problems(rollout(SINGLE))).toEqual([])
    const { target, variables } = await targetOf(rollout(SINGLE), { proxy_host: '10.1.0.5', port: '9999' })
    expect((await target.config()).traffic.canary.router.written).toMatchObject({ host: '10.1.0.5' })
    expect(variables()).toMatchObject({ DEPLOY_INFRA_PROXY_HOST: '10.1.0.5' })
    const unknown = await targetOf(rollout(SINGLE))
    await expect(unknown.target.config().catch(told)).resolves.toEqual(
      ['proxy_host', 'port'].map((name) =>
        expect.stringMatching(
          new RegExp(
            `^rollout\\.yml:13:3: infrastructure: the output ${name} has no value here: hand it over`,
          ),
        ),
      ),
    )
    const outline = await unknown.target.outline({
      secrets: createFakePorts({ secrets: { PLAN_KEY: 'x' } }).secrets,
    })
    expect(outline.traffic.canary.router.written).toMatchObject({ host: '10.0.0.9' })
  })

  it('of a stack has its name before it', async () => {
    const text = rollout(STACKS).replaceAll('infra.proxy', 'infra.network.proxy')
    expect(await problems(text)).toEqual([])
    const { target } = await targetOf(text, { 'network.proxy_host': '10.1.0.5' })
    expect((await target.config()).traffic.canary.router.written).toMatchObject({ host: '10.1.0.5' })
  })

  it('is checked by its example, where a value of its kind is asked for', async () => {
    const text = rollout(SINGLE).replace('port: 9999', "port: '${infra.proxy_host}'")
    expect(await problems(text)).toEqual([expect.stringMatching(/traffic\.canary\.router\.port: /)])
  })

  it.each<[string, string, RegExp]>([
    [
      'is not one of the list',
      rollout(SINGLE).replaceAll('infra.proxy_host', 'infra.proxy_hots'),
      /\$\{infra\.proxy_hots\} is not a variable; .*Did you mean infra\.proxy_host\?/,
    ],
    [
      'is named where nobody knows it',
      `${rollout(SINGLE)}notifications: [{ type: webhook, url: 'https://\${infra.proxy_host}/' }]\n`,
      /notifications: uses \$\{infra\.proxy_host\}, which is known once the infrastructure of the region was planned/,
    ],
    [
      'is named by a hook of the plan',
      rollout(SINGLE).replace('finished:', 'schema-compatibility:'),
      /hooks\.schema-compatibility: uses \$\{infra\.proxy_host\}/,
    ],
    [
      'is named by the infrastructure itself',
      rollout(SINGLE.replace('path: infra', "path: 'infra/${infra.port}'")),
      /infrastructure: uses \$\{infra\.port\}/,
    ],
    [
      'has an example that names something',
      rollout(SINGLE.replace('10.0.0.9', "'${region}.example.com'")),
      /infrastructure: the example of the output proxy_host is not a plain text/,
    ],
    [
      'has no example',
      rollout(SINGLE.replace('10.0.0.9', "''")),
      /infrastructure\.outputs\.proxy_host: is empty; write an example/,
    ],
    [
      'has a number for its example',
      rollout(SINGLE.replace("'9999'", '9999')),
      /infrastructure\.outputs\.port: is not a text: put numbers/,
    ],
    [
      'has no name of an output',
      rollout(SINGLE.replace('port:', '1port:')),
      /infrastructure\.outputs\.1port: is not the name of an output/,
    ],
    [
      'is of no stack',
      rollout(SINGLE.replace('path: infra', 'stacks: { network: { path: infra } }')),
      /infrastructure\.outputs: are of one configuration: say them for the stack that has them/,
    ],
    [
      'would be the same variable for scripts as another one',
      rollout(SINGLE.replace('port:', 'proxy-host:')),
      /infrastructure: the outputs proxy_host and proxy-host would both be DEPLOY_INFRA_PROXY_HOST for scripts/,
    ],
  ])('is refused where it %s', async (_, text, problem) => {
    expect(await problems(text)).toContainEqual(expect.stringMatching(problem))
  })

  it('is found in the part that names it', async () => {
    const file = await parseRollout(rollout(SINGLE), 'rollout.yml')
    const parts = ['traffic', 'hooks', 'metrics', 'nothing']
    expect(parts.map((part) => outputsNamedIn(file, [part]))).toEqual([
      ['proxy_host'],
      ['proxy_host'],
      [],
      [],
    ])
    const literal = await parseRollout(
      rollout(SINGLE, "host: '$${infra.x}', ").replace(' ${infra.proxy_host}', ''),
      'rollout.yml',
    )
    expect(outputsNamedIn(literal, parts)).toEqual([])
  })
})
