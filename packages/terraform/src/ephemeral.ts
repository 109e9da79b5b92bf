import { z } from 'zod'
import type { PlanJson } from './plan-json'

const declared = z.looseObject({
  root_module: z.looseObject({ variables: z.record(z.string(), z.unknown()).default({}) }),
})

/**
 * The variables that are kept in no plan (`ephemeral = true`): declared, and without an entry among the values, where every
 * other one has its own, be it by default. https://developer.hashicorp.com/terraform/language/block/variable#ephemeral
 */
export function ephemeralVariablesOf({ configuration, variables = {} }: PlanJson): string[] {
  const { data } = declared.safeParse(configuration)
  return Object.keys(data?.root_module.variables ?? {}).filter((name) => !(name in variables))
}
