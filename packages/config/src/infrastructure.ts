import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError, type Problem, type RunContext } from '@deploy-actions/action-kit'
import { infrastructure, type Infrastructure } from '@deploy-actions/terraform'
import type { RegionEntry, RolloutFile } from './load'
import { fillDocument } from './variables'
import { loose, problemsOf, valueOf } from './yaml-source'

const section = z.looseObject({ infrastructure })

/**
 * The infrastructure of a region. Nothing else of the file is looked at: it is planned, watched and recovered whatever is
 * released. @throws InputError with every problem
 */
export function infrastructureOf(
  file: RolloutFile,
  region: RegionEntry,
  { sha }: Pick<RunContext, 'sha'>,
): Infrastructure {
  const document = { infrastructure: loose(valueOf(file))['infrastructure'] }
  const { name, environment, vars } = region
  const variables = { service: file.service, region: name, environment, vars, commit: sha }
  const { value, problems } = fillDocument(file, variables, undefined, document)
  const parsed = section.safeParse(value)
  const all = [...problems, ...(parsed.success ? [] : problemsOf(file, section, parsed.error.issues))]
  if (all.length > 0 || !parsed.success) throw new InputError(all)
  return parsed.data.infrastructure
}

/** Its folders and files that are not there: told before anything begins. */
export async function missingInfrastructure(
  { path, 'var-files': varFiles, 'backend-config-files': backendFiles }: Infrastructure,
  workspace: string,
): Promise<Problem[]> {
  const wanted = { path: [path], 'var-files': varFiles, 'backend-config-files': backendFiles }
  const problems = await Promise.all(
    Object.entries(wanted).flatMap(([key, names]) =>
      names.map(async (name): Promise<Problem[]> => {
        const isThere = await access(join(workspace, name)).then(
          () => true,
          () => false,
        )
        return isThere
          ? []
          : [{ where: `infrastructure.${key}`, message: `${name} is not in the repository` }]
      }),
    ),
  )
  return problems.flat()
}
