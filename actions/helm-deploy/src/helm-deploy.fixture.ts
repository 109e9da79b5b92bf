import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ProviderError, type GitHub } from '@deploy-actions/action-kit'
import { createFakeClock, createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { openFakeHelm, type FakeHelm, type FakeReleases } from '../../../test/fake-helm/fake-helm'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'
import { labelsByHelm } from './owners'
import { post } from './post'
import type { Seams } from './session'

export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

export interface Step {
  helm: FakeHelm
  ports: FakePorts
  /** what came of it: its outputs, or the error with those it has */
  run(inputs?: Record<string, string>, seams?: Partial<Seams>): Promise<Outputs | Error>
  post(): ReturnType<typeof post>
}

interface StepOptions {
  major?: 3 | 4
  releases?: FakeReleases
  secrets?: Record<string, string>
  /** status of each run that GitHub knows */
  runs?: Record<number, string>
  attempt?: number
}

/** A step on a fake Helm, with a chart in charts/api and charts/web, whose release `api` is brought by its digest. */
export async function openStep({
  major = 4,
  releases = {},
  secrets = {},
  runs = {},
  attempt = 1,
}: StepOptions = {}): Promise<Step> {
  const ports = createFakePorts({
    ...{ real: true, secrets, github: githubOf(runs), context: { attempt } },
    clock: createFakeClock(new Date().toISOString()),
  })
  const { temp, workspace } = ports.context
  const helm = await openFakeHelm(major, join(temp, 'fake'), releases)
  for (const chart of ['charts/api', 'charts/web']) {
    await mkdir(join(workspace, chart), { recursive: true })
    await writeFile(join(workspace, chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
  }
  await writeFile(join(workspace, 'eu.yaml'), 'region: eu\n')
  const usual = {
    release: 'api',
    namespace: 'shop',
    chart: 'charts/api',
    digest: digest('f'),
  }
  return {
    helm,
    ports,
    post: () => post(ports, { askLabels: labelsByHelm }),
    async run(inputs = {}, seams = {}) {
      const given = { mode: 'deploy', helm: helm.program, ...usual, ...inputs }
      const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
      const parsed = schema.safeParse(named)
      if (!parsed.success) return parsed.error
      return main({ ...parsed.data, secrets: ports.secrets }, ports, {
        askLabels: labelsByHelm,
        ...seams,
      }).catch((error: Error) => error)
    },
  }
}

const githubOf = (runs: Record<number, string>): GitHub => ({
  async request<T>(route: string, parameters: Record<string, unknown> = {}) {
    if (!route.includes('/actions/runs/')) throw new Error(`no test answers ${route}`)
    const status = runs[Number(parameters['run_id'])]
    if (status === undefined) throw new ProviderError('404', { provider: 'GitHub', status: 404 })
    return { status, run_attempt: 1 } as T
  },
  list: (route) => Promise.reject(new Error(`no test answers ${route}`)),
})

/** What a step said to people and left behind. */
export const said = ({ ports }: Pick<Step, 'ports'>): string =>
  JSON.stringify([ports.recorded.log, ports.recorded.summary, ports.recorded.facts, ports.recorded.calls])
