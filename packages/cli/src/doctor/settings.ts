import { z } from 'zod'
import type { GitHub } from '@deploy-actions/action-kit'
import type { InspectedCaller } from '@deploy-actions/rehearsal'
import type { Unchecked } from '../finding'
import { command, ghApi, type GhRepository } from '../gh'
import { orUnchecked } from './could-not'
import type { DoctorFinding } from './report'

interface Options {
  repository: GhRepository
  github: GitHub
  unchecked: Unchecked[]
}

/** So long a release can be taken back by hand, at least: what that needs is an artifact of its run. */
const LEAST_DAYS = 7
const USUAL_DAYS = 90

const ADMINISTRATION = { permission: 'administration: read' }
const workflowPermissions = z.looseObject({ default_workflow_permissions: z.enum(['read', 'write']) })
const retention = z.looseObject({ days: z.int(), maximum_allowed_days: z.int().optional() })
const workflows = z.array(z.looseObject({ path: z.string(), state: z.string() }))

/** What a job may do whose workflow does not say it. Source: REST API, "Get default workflow permissions for a repository". */
export async function readDefaultPermissions({
  github,
  unchecked,
}: Options): Promise<'read' | 'write' | undefined> {
  const found = await orUnchecked('what jobs may do by default', unchecked, () =>
    github.request('GET /repos/{owner}/{repo}/actions/permissions/workflow', {}, ADMINISTRATION),
  )
  return found === undefined ? undefined : workflowPermissions.parse(found).default_workflow_permissions
}

export const permissionFindings = (
  { repository }: Options,
  byDefault: 'read' | 'write' | undefined,
): DoctorFinding[] =>
  byDefault !== 'write'
    ? []
    : [
        {
          kind: 'default-permissions',
          where: 'settings of the repository',
          what: 'a job whose workflow does not say what it may do, may write everything',
          why: 'every such job can write into the ledger, which is made of deployments',
          mend: [
            {
              run: ghApi(repository, 'PUT', 'actions/permissions/workflow', [
                ['default_workflow_permissions', 'read'],
              ]),
            },
          ],
        },
      ]

/** Source: REST API, "Get artifact and log retention settings for a repository". */
export async function retentionFindings({
  repository,
  github,
  unchecked,
}: Options): Promise<DoctorFinding[]> {
  const path = 'actions/permissions/artifact-and-log-retention'
  const found = await orUnchecked('how long artifacts are kept', unchecked, async () =>
    retention.parse(await github.request(`GET /repos/{owner}/{repo}/${path}`, {}, ADMINISTRATION)),
  )
  if (!found || found.days >= LEAST_DAYS) return []
  const days = Math.min(USUAL_DAYS, found.maximum_allowed_days ?? USUAL_DAYS)
  return [
    {
      kind: 'retention',
      where: 'settings of the repository',
      what: `artifacts are kept for ${found.days} days, and less than ${LEAST_DAYS} is little`,
      why: 'a release can be taken back by hand only while the restore point that its run uploaded is there',
      mend: [{ run: ghApi(repository, 'PUT', path, [['days', days]]) }],
    },
  ]
}

/** That GitHub knows the callers, and starts them. Source: REST API, "List repository workflows". */
export async function workflowFindings(
  { repository, github, unchecked }: Options,
  callers: readonly InspectedCaller[],
): Promise<DoctorFinding[]> {
  if (callers.length === 0) return []
  const found = await orUnchecked(
    'whether the workflows are on the default branch and enabled',
    unchecked,
    async () =>
      workflows.parse(
        await github.list(
          'GET /repos/{owner}/{repo}/actions/workflows',
          {},
          { permission: 'actions: read', pick: 'workflows' },
        ),
      ),
  )
  if (!found) return []
  return callers.flatMap(({ path }): DoctorFinding[] => {
    const known = found.find((one) => one.path === path)
    if (!known) return [notThere(path)]
    return known.state.startsWith('disabled') ? [disabled(path, known.state, repository)] : []
  })
}

const notThere = (path: string): DoctorFinding => ({
  kind: 'workflow-not-there',
  where: path,
  what: 'GitHub does not know this workflow: it is not on the default branch',
  why: 'nothing starts it, and nobody can start it by hand',
  mend: [
    { run: command(['git', 'add', path]) },
    { run: command(['git', 'commit', '-m', `Add ${path}`]) },
    { run: 'git push' },
  ],
})

const disabled = (path: string, state: string, { owner, repo, host }: GhRepository): DoctorFinding => ({
  kind: 'workflow-disabled',
  where: path,
  what: `the workflow is ${state.replace('_', ' ').replace('_', ' ')}`,
  why: 'nothing starts it, and nobody can start it by hand',
  mend: [
    {
      run: command(
        ['gh', 'workflow', 'enable', path.split('/').at(-1) ?? path],
        ['--repo', `${host === undefined ? '' : `${host}/`}${owner}/${repo}`],
      ),
    },
  ],
})
