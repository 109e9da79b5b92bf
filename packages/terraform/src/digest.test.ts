import { describe, expect, it } from '@jest/globals'
import { differing, digestsOf, planDigest } from './digest'
import type { PlanJson } from './plan-json'
import { planOf, planWith } from './plans.fixture'
import { SensitiveTexts, sensitiveTextsOf } from './sensitive'

const [KEY, OTHER_KEY] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const digestOf = (plan: PlanJson, key = KEY): string => planDigest(plan, sensitiveTextsOf(plan), key)

describe('the digest of a plan', () => {
  it('A7 22: is the same of the same change, whenever and in whichever order it was planned', () => {
    const plan = planOf('update-replace')
    const again = {
      ...plan,
      timestamp: '2030-01-01T00:00:00Z',
      prior_state: undefined,
      resource_changes: [
        ...(plan.resource_changes ?? []).toReversed(),
        { address: 'a.same', mode: 'managed' as const, type: 'a', change: { actions: ['no-op'] } },
      ],
    }
    expect(digestOf(again)).toBe(digestOf(plan))
  })

  it.each<[string, Parameters<typeof planWith>[0], Parameters<typeof planWith>[1]?]>([
    ['a value', { after: { size: 2 } }],
    ['what there was', { before: { size: 0 }, after: { size: 1 } }],
    ['what is known', { after: { size: 1 }, after_unknown: { id: true } }],
    ['the action', { actions: ['delete', 'create'], after: { size: 1 } }],
    ['the address', { after: { size: 1 } }, { address: 'a.c' }],
    ['where it moves from', { after: { size: 1 } }, { previous_address: 'a.old' }],
    ['a mark alone', { after: { size: 1 }, after_sensitive: { size: true } }],
    ['why it is replaced', { after: { size: 1 }, replace_paths: [['size']] }],
    ['what it is imported as', { after: { size: 1 }, importing: { id: 'i' } }],
    ['the provider', { after: { size: 1 } }, { provider_name: 'p' }],
  ])('A7 22: is another one where %s is', (_, change, ...[more]) => {
    expect(digestOf(planWith(change, more))).not.toBe(digestOf(planWith({ after: { size: 1 } })))
  })

  it('A7 23: is another one where a sensitive value is, and tells nothing of it without the key', () => {
    const withSecret = (value: string) => planWith({ after: { pw: value }, after_sensitive: { pw: true } })
    // Of a secret that is a part of a word of ours, such as `one` of `provisioners`, that word would be sealed, too.
    const [one, two] = [withSecret('swordfish'), withSecret('sturgeon')]
    expect(digestOf(one)).not.toBe(digestOf(two))
    expect(digestOf(one)).toBe(digestOf(withSecret('swordfish')))
    expect(digestOf(one, OTHER_KEY)).not.toBe(digestOf(one))
  })

  // What stands in it by its value would be found by trying, without the key.
  it.each<[string, Parameters<typeof planWith>[0], string[]?]>([
    ['is marked', { after: { pin: 1234 }, after_sensitive: { pin: true } }],
    ['goes', { before: { pin: 1234 }, before_sensitive: { pin: true } }],
    ['is in a list', { after: { pins: [0, 1234] }, after_sensitive: { pins: [false, true] } }],
    ['is copied', { after: { url: 'me:swordfish@db' } }, ['swordfish']],
    ['is copied to a key', { after: { swordfish: 1 } }, ['swordfish']],
  ])('A7 23: holds a sensitive value that %s by the key alone', (_, change, secrets = []) => {
    const by = (key: Buffer): string => planDigest(planWith(change), new SensitiveTexts(secrets), key)
    expect(by(OTHER_KEY)).not.toBe(by(KEY))
  })

  it('A7 22: is another one where an output is', () => {
    const plan = planOf('outputs-only')
    expect(digestOf({ ...plan, output_changes: {} })).not.toBe(digestOf(plan))
  })

  it('A7 22: is another one where a provider has other settings', () => {
    const of = (region: string): PlanJson => ({
      ...planWith({}),
      configuration: { provider_config: { aws: { expressions: { region: { constant_value: region } } } } },
    })
    expect(digestOf(of('us-east-1'))).not.toBe(digestOf(of('eu-west-1')))
  })
})

it('tells which addresses have changed between two plans', () => {
  const of = (plan: PlanJson) => digestsOf(plan, sensitiveTextsOf(plan), KEY)
  const one = of(planOf('create-with-sensitive'))
  expect(differing(one, one)).toEqual([])
  expect(differing(one, of(planOf('update-replace')))).toEqual([
    'output.o',
    'output.so',
    'terraform_data.a',
    'terraform_data.b',
  ])
})

it('A7 22: is another one where a provisioner would run something else, in whichever module', () => {
  const running = (command: string): PlanJson => ({
    ...planWith({}),
    configuration: {
      root_module: {
        module_calls: {
          db: {
            module: {
              resources: [
                {
                  address: 'a.b',
                  provisioners: [
                    { type: 'local-exec', expressions: { command: { constant_value: command } } },
                  ],
                },
              ],
            },
          },
        },
      },
    },
  })
  expect(digestOf(running('rm -rf /'))).not.toBe(digestOf(running('echo hello')))
})
