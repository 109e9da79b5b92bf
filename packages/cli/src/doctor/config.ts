import { InputError, type Problem } from '@deploy-actions/action-kit'
import {
  missingFiles,
  readRollout,
  resolveAll,
  secretsNamed,
  type NamedSecret,
  type RolloutFile,
} from '@deploy-actions/config'
import { SAMPLE_VARIABLES } from '../validate-command'
import type { DoctorFinding } from './report'

/** What of a rollout.yml can be read, and all that is wrong with it. */
export interface ConfigLook {
  /** undefined where not even its regions can be read */
  file: RolloutFile | undefined
  named: NamedSecret[]
  /** a stage waits for a person's yes */
  confirms: boolean
  findings: DoctorFinding[]
}

/** @param repository the folder in which its scripts are looked for */
export async function lookAtConfig(path: string, repository: string): Promise<ConfigLook> {
  const file = await problemsIn(() => readRollout(path, { workspace: '' }))
  if (!file.ok)
    return { file: undefined, named: [], confirms: false, findings: file.problems.map(findingFrom(path)) }
  const [named, configs] = [
    await problemsIn(() => secretsNamed(file.value, SAMPLE_VARIABLES)),
    await problemsIn(() => resolveAll(file.value, { variables: SAMPLE_VARIABLES })),
  ]
  const problems = configs.ok ? await missingFiles(configs.value, repository) : configs.problems
  return {
    file: file.value,
    named: named.ok ? named.value : [],
    confirms: configs.ok && configs.value.some(({ canary }) => canary.stages.some(({ confirm }) => confirm)),
    findings: problems.map(findingFrom(path)),
  }
}

type Read<T> = { ok: true; value: T } | { ok: false; problems: readonly Problem[] }

async function problemsIn<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await read() }
  } catch (error) {
    if (error instanceof InputError) return { ok: false, problems: error.problems }
    throw error
  }
}

const findingFrom =
  (path: string) =>
  ({ where, message }: Problem): DoctorFinding => ({
    kind: 'config-invalid',
    where: where === '' ? path : where,
    what: message,
    why: 'the plan refuses it, and nothing is rolled out',
    mend: [{ edit: path, to: `mend it at ${where === '' || where === path ? 'that place' : where}` }],
  })
