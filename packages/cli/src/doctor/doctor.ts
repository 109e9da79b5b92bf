import type { Ports, Secrets } from '@deploy-actions/action-kit'
import { callersIn } from '../callers'
import type { Unchecked } from '../finding'
import { lookAtRepository, type RepositoryAccess, type RepositoryLook } from '../repository-access'
import { callerFindings } from './callers'
import { lookAtConfig, type ConfigLook } from './config'
import { environmentFindings } from './environments'
import { doctorKinds, doctorReport, type DoctorFinding, type DoctorReport } from './report'
import { secretFindings } from './secrets'
import { permissionFindings, readDefaultPermissions, retentionFindings, workflowFindings } from './settings'

export interface DoctorOptions {
  /** path of rollout.yml */
  config: string
  /** folder of the repository */
  repository: string
  access: RepositoryAccess
  /** what DEPLOY_SECRETS is said to hold */
  entries?: Secrets | undefined
}

/** Looks at a repository's files and settings, and says what would go wrong on the day; nothing is written. */
export async function doctor(options: DoctorOptions, ports: Ports): Promise<DoctorReport> {
  const { access, config, repository } = options
  const unchecked: Unchecked[] = []
  const look = await lookAtConfig(config, repository)
  const seen = await lookAtRepository(access)
  const remote = { repository: access, github: ports.github, unchecked }
  const byDefault = seen.seen ? await readDefaultPermissions(remote) : undefined
  const callers = await callersIn(repository, byDefault)
  const findings = [
    ...look.findings,
    ...callerFindings(callers, look),
    ...(await secretFindings({
      ...{ callers, named: look.named, entries: options.entries, repository: access, unchecked },
      github: seen.seen ? ports.github : undefined,
    })),
    ...(seen.seen
      ? [
          ...renamed(access, seen),
          ...(await regionFindings(look, seen.defaultBranch, remote)),
          ...permissionFindings(remote, byDefault),
          ...(await workflowFindings(remote, callers)),
          ...(await retentionFindings(remote)),
        ]
      : []),
  ]
  if (!seen.seen)
    unchecked.push({ what: 'environments, secrets, permissions, workflows and retention', why: seen.why })
  return doctorReport.parse({
    v: 1,
    service: look.file?.service ?? null,
    repository: access.name,
    at: ports.clock.now().toISOString(),
    findings: findings.toSorted((a, b) => doctorKinds.indexOf(a.kind) - doctorKinds.indexOf(b.kind)),
    unchecked,
    githubCalls: access.calls(),
  } satisfies DoctorReport)
}

async function regionFindings(
  { file }: ConfigLook,
  defaultBranch: string,
  remote: Omit<Parameters<typeof environmentFindings>[0], 'regions' | 'defaultBranch'>,
): Promise<DoctorFinding[]> {
  if (file) return environmentFindings({ ...remote, defaultBranch, regions: file.regions })
  remote.unchecked.push({ what: 'the environments', why: 'rollout.yml does not tell them' })
  return []
}

function renamed({ name }: RepositoryAccess, look: RepositoryLook): DoctorFinding[] {
  if (!look.seen || look.renamedTo === undefined) return []
  return [
    {
      kind: 'repository-renamed',
      where: name,
      what: `the repository is called ${look.renamedTo} now`,
      why: 'runs name it so, and what the ledger proves is held against the new name',
      mend: [{ run: `git remote set-url origin git@github.com:${look.renamedTo}.git` }],
    },
  ]
}
