import { describe, expect, it } from '@jest/globals'
import { changesOf, driftOf } from './changes'
import { planOf, planWith } from './plans.fixture'
import { idlePatterns, matcher, NOT_WHOLE, violationsOf, type Policy } from './policy'

const NOTHING: Policy = { protected: [], requireComplete: false, failOnCheck: false, failOnDrift: false }
const violations = (name: string, policy: Partial<Policy>): string[] => {
  const plan = planOf(name)
  return violationsOf(
    { plan, changes: changesOf(plan), drift: driftOf(plan), isTargeted: false },
    { ...NOTHING, ...policy },
  )
}

describe('a policy', () => {
  it('A7 10 and 11: counts what is replaced as destroyed', () => {
    expect(violations('update-replace', { maxDestroy: 1 })).toEqual([])
    expect(violations('update-replace', { maxDestroy: 0 })).toEqual([
      'it destroys 1, and 0 may be: terraform_data.b',
    ])
    expect(violations('moved-forget-replace-import-delete', { maxDestroy: 2, maxReplace: 0 })).toEqual([
      'it destroys 3, and 2 may be: terraform_data.cbd, terraform_data.c, terraform_data.m["k2"]',
      'it replaces 1, and 0 may be: terraform_data.cbd',
    ])
  })

  it('A7 12: protects addresses from being destroyed, replaced and forgotten', () => {
    expect(
      violations('moved-forget-replace-import-delete', {
        protected: ['terraform_data.b', 'terraform_data.m', 'terraform_data.imp'],
      }),
    ).toEqual([
      'terraform_data.b is protected by terraform_data.b, and the plan would forget it',
      'terraform_data.m["k2"] is protected by terraform_data.m, and the plan would delete it',
    ])
  })

  it('protects nothing by a pattern that no object has, changed or not', () => {
    const plan = planOf('moved-forget-replace-import-delete')
    const own = (plan.resource_changes ?? []).map(({ address }) => address)
    expect(own.length).toBeGreaterThan(3)
    expect(
      idlePatterns(plan, { protected: [...own, 'terraform_data.*', 'terraform_date.*', 'module.db.**'] }),
    ).toEqual(['terraform_date.*', 'module.db.**'])
  })

  it('A7 12: protects an object from a replacement that forgets it', () => {
    const plan = planWith({ actions: ['create', 'forget'] })
    expect(
      violationsOf(
        { plan, changes: changesOf(plan), drift: [], isTargeted: false },
        { ...NOTHING, maxDestroy: 0, protected: ['a.b'] },
      ),
    ).toEqual(['a.b is protected by a.b, and the plan would replace it'])
  })

  it('A7 12: protects an object by the address that it had before the plan, too', () => {
    const plan = planWith(
      { actions: ['delete', 'create'] },
      { address: 'module.new.a.b', previous_address: 'module.old.a.b' },
    )
    const judged = { plan, changes: changesOf(plan), drift: [], isTargeted: false }
    const refusedBy = (pattern: string) => violationsOf(judged, { ...NOTHING, protected: [pattern] })
    for (const pattern of ['module.old', 'module.new'])
      expect(refusedBy(pattern)).toEqual([
        `module.new.a.b is protected by ${pattern}, and the plan would replace it`,
      ])
    expect(refusedBy('module.other')).toEqual([])
  })

  it.each<[string, Partial<Policy>, RegExp]>([
    ['target-incomplete', { requireComplete: true }, /^the plan is not the whole/],
    ['check-failed-create', { failOnCheck: true }, /^check\.health: check failed: not ok$/],
    [
      'aws-drift',
      { failOnDrift: true },
      /^2 of the objects were changed outside: aws_ssm_parameter\.p, aws_ssm_parameter\.s$/,
    ],
  ])('refuses %s where it says so, and only there', (name, policy, message) => {
    expect(violations(name, policy)).toEqual([expect.stringMatching(message)])
    expect(violations(name, {})).toEqual([])
  })
})

describe('a pattern of addresses', () => {
  it.each([
    ['azurerm_key_vault.*', 'azurerm_key_vault.main', true],
    ['azurerm_key_vault.*', 'azurerm_key_vault.main["a.b"]', true],
    ['azurerm_key_vault.*', 'module.db.azurerm_key_vault.main', true],
    ['azurerm_key_vault.*', 'module.db["azurerm_key_vault.x"].a.b', false],
    ['azurerm_key_vault', 'module.db.azurerm_key_vault.main[0]', true],
    ['module.db', 'module.db.a.b', true],
    ['module.db', 'module.db["x"].module.y.a.b', true],
    ['module.db', 'module.other.module.db.a.b', false],
    ['module.db.**', 'module.db.azurerm_key_vault.main', true],
    ['module.db.**', 'module.db["x"].module.y.a.b', true],
    ['module.db.**', 'module.dbx.a.b', false],
    ['**.aws_db_instance.*', 'module.a.aws_db_instance.b[0]', true],
    ['**.aws_db_instance.*', 'aws_db_instance.b', true],
    // A dot, a bracket and a quote within a key end no part.
    ['a.b', 'module.db["x.y"].a.b', true],
    ['a.b', 'module.db["x].y"].a.b', true],
    ['a.b', 'module.db["x\\"].y"].a.b', true],
    ['module.*.a.b', 'module.db["x.y"].a.b', true],
    ['module.*.a.b', 'module.db["x.a"].c.d', false],
    ['a.b["x"]', 'a.b["x"]', true],
    ['a.b["x"]', 'a.b["y"]', false],
    ['a.b', 'a.bc', false],
    ['a.*', 'b.a', false],
  ])('A7 12: %s takes %s: %s', (pattern, address, taken) => {
    expect(matcher(pattern)(address)).toBe(taken)
  })
})

it('A7 17 and 18: takes what was made for some addresses alone for less than the whole, also where the tool does not say so', () => {
  const plan = { ...planOf('target-incomplete'), complete: undefined }
  const of = (isTargeted: boolean) =>
    violationsOf(
      { plan, changes: changesOf(plan), drift: [], isTargeted },
      { ...NOTHING, requireComplete: true },
    )
  expect(of(true)).toEqual([NOT_WHOLE])
  expect(of(false)).toEqual([])
})
