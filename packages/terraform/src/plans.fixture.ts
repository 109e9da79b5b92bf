import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPlanJson, type PlanJson, type ResourceChange } from './plan-json'

const folder = join(import.meta.dirname, '../../../test/terraform-plans')

/** A plan as Terraform printed it. */
export const planOf = (name: string): PlanJson =>
  readPlanJson(readFileSync(join(folder, `${name}.json`), 'utf8'))

/** A plan with one object, of whose change this much is said. */
export const planWith = (
  change: Partial<ResourceChange['change']>,
  more: Partial<ResourceChange> = {},
): PlanJson =>
  readPlanJson(
    JSON.stringify({
      ...{ format_version: '1.2', terraform_version: '1.11.4' },
      resource_changes: [
        {
          ...{ address: 'a.b', mode: 'managed', type: 'a', name: 'b', ...more },
          change: { actions: ['update'], before: {}, after: {}, after_unknown: {}, ...change },
        },
      ],
    }),
  )
