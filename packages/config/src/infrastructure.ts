import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  eachOnce,
  InputError,
  missingScript,
  type Problem,
  type RunContext,
} from '@deploy-actions/action-kit'
import { infrastructure, type Stack } from '@deploy-actions/terraform'
import type { RegionEntry, RolloutFile } from './load'
import { checkInfrastructures } from './meaning'
import { isPolicyScript } from './script-lines'
import { fillDocument } from './variables'
import { loose, problemsOf, valueOf } from './yaml-source'

const section = z.looseObject({ infrastructure })

/**
 * The infrastructure of a region, each stack after those that it needs. Nothing else of the file is looked at: it is planned,
 * watched and recovered whatever is released. @throws InputError with every problem
 */
export function infrastructureOf(
  file: RolloutFile,
  region: RegionEntry,
  { sha }: Pick<RunContext, 'sha'>,
): Stack[] {
  const document = { infrastructure: loose(valueOf(file))['infrastructure'] }
  const { name, environment, vars } = region
  const variables = { service: file.service, region: name, environment, vars, commit: sha }
  const { value, problems } = fillDocument(file, variables, isPolicyScript, document)
  const parsed = section.safeParse(value)
  const all = [...problems, ...(parsed.success ? [] : problemsOf(file, section, parsed.error.issues))]
  if (all.length > 0 || !parsed.success) throw new InputError(all)
  return parsed.data.infrastructure
}

/**
 * What speaks against acting on the infrastructures of a file as a whole, whatever one of its regions says: two of a name, or
 * one state for all.
 */
export const infrastructureProblems = (file: RolloutFile): Problem[] =>
  checkInfrastructures(file, { regions: file.regions })

/** Its folders and files that are not there: told before anything begins. */
export const missingInfrastructure = async (
  stacks: readonly Stack[],
  workspace: string,
): Promise<Problem[]> =>
  eachOnce((await Promise.all(stacks.map((stack) => missingOf(stack, workspace)))).flat())

async function missingOf(
  { name: stack, path, 'var-files': varFiles, 'backend-config-files': backendFiles, policy }: Stack,
  workspace: string,
): Promise<Problem[]> {
  const place = stack === '' ? 'infrastructure' : `infrastructure.stacks.${stack}`
  const wanted = { path: [path], 'var-files': varFiles, 'backend-config-files': backendFiles }
  const problems = await Promise.all(
    Object.entries(wanted).flatMap(([key, names]) =>
      names.map(async (name): Promise<Problem[]> => {
        const isThere = await access(join(workspace, name)).then(
          () => true,
          () => false,
        )
        return isThere ? [] : [{ where: `${place}.${key}`, message: `${name} is not in the repository` }]
      }),
    ),
  )
  const unusable = policy.script && (await missingScript(policy.script, workspace))
  return [
    ...problems.flat(),
    ...(unusable === undefined ? [] : [{ where: `${place}.policy.script`, message: unusable }]),
  ]
}

/** What comes with each release: several stacks are brought by themselves. */
export const ofRelease = (stacks: readonly Stack[] | undefined): Stack | undefined =>
  stacks?.find(({ name }) => name === '')

/** What a rollout does with the infrastructure of a region, in words; undefined where it has none. */
export function infrastructureInWords(stacks: readonly Stack[] | undefined): string | undefined {
  if (stacks === undefined) return undefined
  const released = ofRelease(stacks)
  return released
    ? `its infrastructure (${released.path}) planned by ${released.tool} before the approval, applied after it, and never put back`
    : `its stacks ${stacks.map(({ name }) => name).join(', ')} left as they are: infrastructure.yml brings them`
}
