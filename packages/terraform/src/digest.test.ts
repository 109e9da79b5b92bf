import { describe, expect, it } from '@jest/globals'
import { differing, digestsOf, planDigest } from './digest'
import type { PlanJson } from './plan-json'
import { planOf, planWith } from './plans.fixture'
import { sensitiveTextsOf } from './sensitive'

const KEY = Buffer.alloc(32, 1)
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
  ])('A7 22: is another one where %s is', (_, change, ...[more]) => {
    expect(digestOf(planWith(change, more))).not.toBe(digestOf(planWith({ after: { size: 1 } })))
  })

  it('A7 23: is another one where a sensitive value is, and tells nothing of it without the key', () => {
    const withSecret = (value: string) => planWith({ after: { pw: value }, after_sensitive: { pw: true } })
    expect(digestOf(withSecret('one'))).not.toBe(digestOf(withSecret('two')))
    expect(digestOf(withSecret('one'))).toBe(digestOf(withSecret('one')))
    expect(digestOf(withSecret('one'), Buffer.alloc(32, 2))).not.toBe(digestOf(withSecret('one')))
  })

  it('covers outputs', () => {
    const plan = planOf('outputs-only')
    expect(digestOf({ ...plan, output_changes: {} })).not.toBe(digestOf(plan))
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
