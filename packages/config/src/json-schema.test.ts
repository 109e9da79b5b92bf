import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import Ajv, { type ValidateFunction } from 'ajv'
import { parse } from 'yaml'
import { describedJsonSchema, rolloutJsonSchema, type JsonSchema } from './json-schema'

let validate: ValidateFunction
let example: () => Record<string, unknown>

beforeAll(async () => {
  validate = new Ajv({ allErrors: true }).compile(await rolloutJsonSchema())
  const text = await readFile(join(import.meta.dirname, '../../rehearsal/example/rollout.yml'), 'utf8')
  example = () => parse(text) as Record<string, unknown>
})

/** Where the schema finds something wrong, and what. */
function problems(change: (file: Record<string, never>) => void): string[] {
  const file = example()
  change(file as Record<string, never>)
  validate(file)
  return (validate.errors ?? []).map(({ dataPath, keyword }) => `${dataPath} ${keyword}`)
}

describe('the JSON Schema of rollout.yml', () => {
  it('takes the example', () => {
    expect(problems(() => {})).toEqual([])
  })

  it('takes a variable in place of a number, an address or a name', () => {
    expect(
      problems((file: any) => {
        file.traffic.canary.router.port = '${vars.port}'
        file.checks.healthz.url = '${vars.probe}/healthz'
        file.traffic.canary.router.backend = '${service}'
      }),
    ).toEqual([])
  })

  it('takes a hook as a line, or as a map of what its script may have', () => {
    expect(
      problems((file: any) => {
        file.hooks = { finished: 'ops/tag.sh ${version}', 'after-stage': { run: 'ops/a.sh', timeout: '30s' } }
      }),
    ).toEqual([])
  })

  it('takes a check that leaves its router and its arms to the target', () => {
    expect(problems((file: any) => (file.checks.held = { type: 'weights-held', arm: '${arm}' }))).toEqual([])
  })

  it.each<[string, (file: any) => unknown, string]>([
    [
      'an unknown key of the router of a check',
      (file) =>
        (file.checks.held = {
          type: 'weights-held',
          router: { type: 'haproxy', prot: 1, port: 1, backend: 'app' },
          arm: 'blue',
        }),
      ".checks['held'].router additionalProperties",
    ],
    ['an unknown key', (file) => (file.canry = {}), ' additionalProperties'],
    [
      'an unknown key of a router',
      (file) => (file.traffic.canary.router.prt = 1),
      '.traffic.canary.router additionalProperties',
    ],
    [
      'an unknown key of a query',
      (file) => (file.metrics.errors.query = 'x'),
      '.metrics.errors additionalProperties',
    ],
    [
      'an unknown key of a notification',
      (file) => (file.notifications[0].uri = 'x'),
      '.notifications[0] additionalProperties',
    ],
    ['an unknown type', (file) => (file.checks.healthz.type = 'htp'), ".checks['healthz'] anyOf"],
    ['an unknown choice', (file) => (file.order.kind = 'random'), '.order.kind enum'],
    [
      'what is not a duration',
      (file) => (file.canary.stages[0].watch = '5 minutes'),
      '.canary.stages[0].watch pattern',
    ],
    ['an unknown event', (file) => (file.notifications[0].on = ['done']), '.notifications[0].on[0] enum'],
    ['a missing section', (file) => delete file.metrics, ' required'],
    [
      'an unknown key of a hook',
      (file) => (file.hooks = { finished: { runs: 'x' } }),
      '.hooks.finished anyOf',
    ],
    [
      'a port beyond 65535',
      (file) => (file.traffic.canary.router.port = 70_000),
      '.traffic.canary.router.port maximum',
    ],
  ])('refuses %s', (_, change, problem) => {
    expect(problems(change)).toContain(problem)
  })

  it('tells editors what things mean', async () => {
    expect(JSON.stringify(await rolloutJsonSchema())).toContain(
      'share of the traffic that the canary arm gets',
    )
  })

  it('tells kinds of values to the documents, by what their schemas say of themselves', async () => {
    const { properties = {} } = await describedJsonSchema()
    const stage = ((properties['canary'] as any).properties.stages.items as JsonSchema).properties
    expect(stage).toMatchObject({ watch: { 'x-kind': 'duration' }, weight: { 'x-kind': 'percentage' } })
    expect(properties['deploy']).toMatchObject({
      properties: { script: { properties: { run: { 'x-kind': 'script' } } } },
    })
  })

  it('ships no keyword that a strict validator does not know', async () => {
    const strict = new Ajv({ strictKeywords: true })
    const shipped = await rolloutJsonSchema()
    expect(() => strict.compile(shipped)).not.toThrow()
  })
})
