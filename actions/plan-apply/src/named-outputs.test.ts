import { describe, expect, it } from '@jest/globals'
import { SensitiveTexts } from '@deploy-actions/terraform'
import { namedOutputs } from './named-outputs'

const secrets = new SensitiveTexts(['swordfish', 'app'])
const read = (value: unknown, more: object = {}, early: string[] = []) =>
  namedOutputs(
    { outputs: { host: '10.0.0.9' }, earlyOutputs: early, stack: undefined },
    { host: { sensitive: false, value, ...more } },
    secrets,
  )

const FIRST = 'bring the infrastructure first, without a release, by infrastructure.yml'

const SECRET =
  'holds a text that is a secret of the step, or that the configuration has in another place as a sensitive value, and what rollout.yml names is shown: name another output, or write what it stands for into vars of the region'

describe('what rollout.yml may name of a configuration', () => {
  it.each<[unknown, string]>([
    ['10.1.0.5', '10.1.0.5'],
    [443, '443'],
    [false, 'false'],
    ['${not} a "place"', '${not} a "place"'],
    // A short secret is an ordinary word within others.
    ['app.example.com', 'app.example.com'],
  ])('is the value of its output: %j', (value, text) => {
    expect(read(value)).toEqual({ infra: { host: text }, missing: [] })
  })

  it.each<[string, ReturnType<typeof read>, string]>([
    ['sensitive', read('x', { sensitive: true }), 'is sensitive, and what rollout.yml names is shown'],
    ['unknown', read(undefined), `is not known before the apply: ${FIRST}`],
    [
      'changed by the plan',
      read('10.1.0.6', { verb: 'change' }),
      `is changed by this plan, and the rollout begins before that is applied: ${FIRST}`,
    ],
    [
      'made by the plan, and looked at before it is applied',
      read('10.1.0.6', { verb: 'create' }, ['host']),
      `is made by this plan, and traffic, deploy or checks name it, which are looked at before that is applied: ${FIRST}`,
    ],
    [
      'a number that JavaScript rounds',
      read(Number('1234567890123456789')),
      'is a number that cannot be read exactly: give it as a text, by tostring()',
    ],
    [
      'as small a number',
      read(-1e-7),
      'is a number that cannot be read exactly: give it as a text, by tostring()',
    ],
    ['null', read(null), 'is not a text, a number, true or false'],
    ['a list', read(['10.1.0.5']), 'is not a text, a number, true or false'],
    ['empty', read(''), 'is empty'],
    ['two lines', read('a\nb'), 'holds a line break or another control character'],
    ['endless', read('x'.repeat(1001)), 'is longer than 1000 characters'],
    ['a secret that is not marked', read('https://a:swordfish@db'), SECRET],
    ['a short one', read('app'), SECRET],
  ])('is none that is %s', (_, { infra, missing }, why) => {
    expect(infra).toEqual({})
    expect(missing).toEqual([`host ${why}`])
  })

  it('is new where only what begins after the apply names it', () => {
    expect(read('10.1.0.6', { verb: 'create' }, ['port'])).toEqual({
      infra: { host: '10.1.0.6' },
      missing: [],
    })
  })

  it('tells all that cannot be had at once, each by its stack', () => {
    const outputs = { host: 'x', constructor: 'x', port: 'x' }
    const all = { port: { sensitive: false, value: 1 } }
    expect(namedOutputs({ outputs, earlyOutputs: [], stack: 'network' }, all, secrets)).toEqual({
      infra: { 'network.port': '1' },
      missing: ['host', 'constructor'].map((name) => `network.${name} is not there`),
    })
  })
})
