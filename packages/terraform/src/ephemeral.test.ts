import { expect, it } from '@jest/globals'
import { ephemeralVariablesOf } from './ephemeral'
import { planOf, planWith } from './plans.fixture'

it.each([
  ['ephemeral-var', ['tok']],
  ['create-with-sensitive', []],
  ['no-changes', []],
])('A7 38: the variables that %s does not keep', (name, names) => {
  expect(ephemeralVariablesOf(planOf(name))).toEqual(names)
})

it('knows of none where the plan does not say what is declared', () => {
  expect(ephemeralVariablesOf(planWith({}))).toEqual([])
})
