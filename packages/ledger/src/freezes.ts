import { z } from 'zod'
import type { GitHub } from '@deploy-actions/action-kit'
import { lazily, type Freeze } from '@deploy-actions/rollout'
import { payloadOf } from './deployment'
import type { ServiceFreeze } from './ledger'

/** Longer than that is for rollout.yml. */
export const LONGEST_FREEZE_MS = 7 * 24 * 3_600_000

/** As it is kept. */
export const keptFreeze = lazily(() =>
  z.object({
    environment: z.string().optional(),
    from: z.iso.datetime(),
    until: z.iso.datetime(),
    reason: z.string(),
  }),
)

/** @returns undefined for what is none, or is longer than anybody may ask for */
export function readFreeze(kept: unknown): ServiceFreeze | undefined {
  const { data } = keptFreeze().safeParse(kept)
  if (!data) return undefined
  const [from, until] = [new Date(data.from), new Date(data.until)]
  return until.getTime() - from.getTime() <= LONGEST_FREEZE_MS ? { ...data, from, until } : undefined
}

export const writtenFreeze = ({
  from,
  until,
  ...rest
}: ServiceFreeze): z.infer<ReturnType<typeof keptFreeze>> => ({
  ...rest,
  from: from.toISOString(),
  until: until.toISOString(),
})

/** GitHub names environments without case. */
export const holdsFor = ({ environment }: ServiceFreeze, asked: string): boolean =>
  environment === undefined || environment.toLowerCase() === asked.toLowerCase()

/** Those of a service that hold an environment at a moment, as windows have them. */
export const freezesFor = (all: readonly ServiceFreeze[], environment: string): Freeze[] =>
  all
    .filter((freeze) => holdsFor(freeze, environment))
    .map(({ from, until, reason }) => ({
      ...{ from: from.toISOString(), to: until.toISOString(), timezone: 'UTC', reason },
    }))

const listed = lazily(() => z.object({ payload: z.unknown(), created_at: z.string() }))

/** So many of the newest are looked at: one page. */
const PAGE = 100

/**
 * Freezes as GitHub Deployments of a task of their own, `deploy-actions-freeze/SERVICE`: one call finds them, whatever else
 * is deployed. Anybody whose job has `deployments: write` can plant one: the worst of it is that somebody has to say why a
 * rollout begins all the same.
 */
export function githubFreezes(github: GitHub, service: string, commit: string) {
  const task = `deploy-actions-freeze/${service}`
  return {
    async freezes(): Promise<ServiceFreeze[]> {
      const found = await github.request<unknown[]>(
        'GET /repos/{owner}/{repo}/deployments',
        { task, per_page: PAGE },
        { permission: 'deployments: read' },
      )
      return found.flatMap((item) => {
        const { payload, created_at: createdAt } = listed().parse(item)
        const freeze = readFreeze(payloadOf(payload))
        // By GitHub's own time, which nobody can write.
        const young = freeze && freeze.until.getTime() - Date.parse(createdAt) <= LONGEST_FREEZE_MS
        return young ? [freeze] : []
      })
    },
    async freeze(freeze: ServiceFreeze, environment: string): Promise<void> {
      await github.request(
        'POST /repos/{owner}/{repo}/deployments',
        {
          ...{ ref: commit, task, environment, auto_merge: false },
          ...{ required_contexts: [], payload: writtenFreeze(freeze), production_environment: false },
          description: `frozen until ${freeze.until.toISOString()}`,
        },
        { permission: 'deployments: write' },
      )
    },
  }
}
