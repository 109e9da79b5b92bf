import { describe, expect, it } from '@jest/globals'
import { changesOf, countsOf, driftOf, failedChecksOf, hasChanges, outputChangesOf } from './changes'
import { readPlanJson, type PlanJson } from './plan-json'
import { planOf, planWith } from './plans.fixture'

const NONE = { add: 0, change: 0, destroy: 0, replace: 0, import: 0, move: 0, forget: 0 }

describe('what a plan does', () => {
  // What Terraform itself says of each stands in its plan as text: `Plan: 2 to add, 0 to change, 0 to destroy.`
  it.each([
    ['A7 1', 'no-changes', NONE, false],
    ['A7 2', 'create-with-sensitive', { ...NONE, add: 2 }, true],
    // 1 to add, 1 to change, 1 to destroy
    ['A7 2 and 7', 'update-replace', { ...NONE, change: 1, replace: 1 }, true],
    // 1 to import, 1 to add, 1 to change, 3 to destroy
    [
      'A7 4, 5, 6 and 7',
      'moved-forget-replace-import-delete',
      { ...NONE, change: 1, destroy: 2, replace: 1, import: 1, move: 1, forget: 1 },
      true,
    ],
    // 0 to add, 0 to change, 0 to destroy, and yet something to apply
    ['A7 4', 'moved-only', { ...NONE, move: 1 }, true],
    // no `Plan:` line at all
    ['A7 3', 'outputs-only', NONE, true],
    ['A7 10', 'destroy', { ...NONE, destroy: 4 }, true],
    ['A7 7', 'replace-tainted-after-interrupt', { ...NONE, add: 1, replace: 1 }, true],
    ['A7 16', 'errored-plan', NONE, false],
    ['A7 16', 'precondition-errored', { ...NONE, add: 1 }, true],
    // Terraform 1.8 and 1.9 say so of plans of outputs alone, and OpenTofu does not say it at all.
    ['A7 19', 'outputs-only', NONE, true, { applyable: false }],
    ['A7 18', 'moved-only', { ...NONE, move: 1 }, true, { applyable: undefined, complete: undefined }],
  ])('%s: %s is counted', (_, name, counts, has, said: Partial<PlanJson> = {}) => {
    const plan = { ...planOf(name), ...said }
    expect([countsOf(changesOf(plan)), hasChanges(plan)]).toEqual([counts, has])
  })

  it('is told with what is lost first, and why', () => {
    const changes = changesOf(planOf('moved-forget-replace-import-delete'))
    expect(
      changes.map(({ verb, address, reason, movedFrom }) => [verb, address, reason ?? movedFrom]),
    ).toEqual([
      ['replace', 'terraform_data.cbd', 'replace_because_cannot_update'],
      ['delete', 'terraform_data.c', 'delete_because_no_resource_config'],
      ['delete', 'terraform_data.m["k2"]', 'delete_because_each_key'],
      ['forget', 'terraform_data.b', 'delete_because_no_resource_config'],
      ['update', 'terraform_data.imp', undefined],
      ['move', 'terraform_data.a2', 'terraform_data.a'],
    ])
    expect(changes[0]).toMatchObject({ createsFirst: true, destroys: true })
    expect(changes[4]).toMatchObject({ importedAs: 'imported-id' })
  })

  it.each([
    ['A7 5', ['create', 'forget'], 'replace', false],
    ['A7 7', ['delete', 'create'], 'replace', true],
    ['A7 7', ['create', 'delete'], 'replace', true],
    ['A7 5', ['forget'], 'forget', false],
    ['A7 8', ['read'], 'read', false],
  ])('%s: %j is %s, and whether it destroys: %s', (_, actions, verb, destroys) => {
    expect(changesOf(planWith({ actions }))).toMatchObject([{ verb, destroys }])
  })

  it.each([
    ['read_because_dependency_pending', true],
    ['read_because_config_unknown', true],
    // It is read anew at each plan, so that there would be no end of plans.
    ['read_because_check_nested', false],
  ])('A7 8: a plan that only reads, since %s, is something to apply: %s', (reason, has) => {
    const plan = planWith({ actions: ['read'] }, { mode: 'data', action_reason: reason })
    expect([countsOf(changesOf(plan)), hasChanges(plan)]).toEqual([NONE, has])
  })

  it('that is not known is refused, not guessed', () => {
    expect(() => changesOf(planWith({ actions: ['shrink'] }))).toThrow(
      'a.b: the plan says shrink, which is not known',
    )
  })

  it('A7 9: holds what an earlier replacement has left behind, beside what stands', () => {
    const [left] = changesOf(planWith({ actions: ['delete'], after: null }, { deposed: '12ab' }))
    expect(left).toMatchObject({ deposed: '12ab', verb: 'delete' })
  })

  it('is told of outputs apart', () => {
    expect(outputChangesOf(planOf('create-with-sensitive')).map(({ name, verb }) => [name, verb])).toEqual([
      ['o', 'create'],
      ['so', 'create'],
    ])
  })
})

it('A7 13: knows what changed outside, also where the plan changes nothing', () => {
  const drift = driftOf(planOf('aws-drift-refresh-only'))
  expect(drift.map(({ verb, address }) => [verb, address])).toEqual([
    ['update', 'aws_ssm_parameter.p'],
    ['delete', 'aws_ssm_parameter.s'],
  ])
})

it('A7 14: knows all that changed outside, of which the text of a plan names only what bears on it', () => {
  const plan = planOf('aws-drift')
  expect(driftOf(plan).map(({ address }) => address)).toEqual(['aws_ssm_parameter.p', 'aws_ssm_parameter.s'])
  expect(plan['relevant_attributes']).toEqual([{ resource: 'aws_ssm_parameter.p', attribute: ['version'] }])
})

it('A7 15: knows the checks that fail, which are only warnings to the tool', () => {
  expect(failedChecksOf(planOf('check-failed-create'))).toEqual([
    { name: 'check.health', problems: ['check failed: not ok'] },
  ])
})

describe('what is not a plan', () => {
  it.each([
    ['{"a": "swordfish', 'is not JSON'],
    ['{"format_version":"2.0","terraform_version":"9"}', 'format_version'],
    [
      '{"format_version":"1.2","terraform_version":"1","resource_changes":[{"address":"swordfish"}]}',
      'resource_changes.0.mode',
    ],
  ])('is refused without its values: %s', (text, part) => {
    const refusal = (() => {
      try {
        readPlanJson(text)
      } catch (error) {
        return (error as Error).message
      }
      return ''
    })()
    expect(refusal).toContain(part)
    expect(refusal).not.toContain('swordfish')
  })
})
