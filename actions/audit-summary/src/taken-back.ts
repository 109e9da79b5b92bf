import { z } from 'zod'
import { clockTime, escapeText, table, type Ports } from '@deploy-actions/action-kit'
import type { EvidenceRecord } from '@deploy-actions/evidence'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { formatPercent, formatWeights, lazily, type TransactionState } from '@deploy-actions/rollout'
import type { Reading } from './readings'

/** What of a target of restore-point's `mode: fence` or `sweep` is reported. */
export const targets = lazily(() =>
  z.array(
    z.looseObject({
      transaction: z.string(),
      service: z.string(),
      region: z.string(),
      environment: z.string(),
    }),
  ),
)
export type Target = z.infer<ReturnType<typeof targets>>[number]

/** What was to be put back and is not, as restore-point has it. */
export const sparedRegions = lazily(() =>
  z.array(z.looseObject({ region: z.string(), why: z.string(), isOther: z.literal(true).optional() })),
)
export type SparedRegion = z.infer<ReturnType<typeof sparedRegions>>[number]

/** What became of what was to be put back. */
export interface TakenBack {
  service: string
  region: string
  transaction: string
  /** where the ledger has it; null where it does not tell */
  state: TransactionState | null
  note: string
  /** what the router itself showed last, and whether that was what was to be put back; null where nobody read it */
  traffic: (Reading & { isBack: boolean }) | null
  /** what was said of the traffic last, where it is not back */
  trouble: string
  /** the steps in which it went back, or why it went at once although somebody asked for steps; empty where nobody did */
  steps: string
}

export async function takenBackResults(
  wanted: readonly Target[],
  { ledgerSpec, records }: { ledgerSpec: string; records: readonly EvidenceRecord[] },
  ports: Ports,
): Promise<TakenBack[]> {
  return Promise.all(
    wanted.map(async ({ service, region, transaction, environment }) => {
      const ledger = openLedger(ledgerSpec, service, ports, { patienceMs: LEDGER_PATIENCE_MS.plan })
      const [entry] = await ledger.find({ id: transaction, environment, limit: 1 }).catch(() => [])
      return {
        service,
        region,
        transaction,
        state: entry?.state ?? null,
        note: entry ? entry.note || entry.state : 'the ledger does not tell',
        ...lastOf(restoresOf(records, transaction, ports.context.attempt)),
        steps: stepsOf(restoresOf(records, transaction, ports.context.attempt)),
      }
    }),
  )
}

const restored = lazily(() =>
  z.looseObject({
    restored: z.array(
      z.looseObject({
        kind: z.string(),
        ok: z.boolean(),
        detail: z.string(),
        weights: z.record(z.string(), z.int()).optional(),
        readAt: z.iso.datetime().optional(),
      }),
    ),
  }),
)

const staged = lazily(() =>
  z.looseObject({
    staged: z.looseObject({
      taken: z.array(z.looseObject({ weight: z.int(), readAt: z.iso.datetime() })),
      because: z.string().optional(),
    }),
  }),
)

/** This attempt's restores of a transaction, oldest first. */
const restoresOf = (
  records: readonly EvidenceRecord[],
  transaction: string,
  attempt: number,
): EvidenceRecord[] =>
  records
    .filter((record) => record.transaction === transaction && record.run.attempt === attempt)
    .filter(({ inputs }) => inputs['mode'] === 'restore')
    .toSorted((a, b) => a.endedAt.localeCompare(b.endedAt))

/** What became of the steps that somebody asked for. */
function stepsOf(restores: readonly EvidenceRecord[]): string {
  const [asked] = restores.flatMap(({ facts }) => staged().safeParse(facts).data?.staged ?? [])
  if (!asked) return ''
  const { taken, because } = asked
  const past = taken.map(({ weight, readAt }) => `${formatPercent(weight)} at ${clockTime(readAt)}`)
  return [
    ...(past.length > 0 ? [`stepped back to ${past.join(', ')}`] : []),
    ...(because === undefined ? [] : [`${past.length > 0 ? 'then ' : ''}at once: ${because}`]),
  ].join(', ')
}

/**
 * What the last restore has seen of the traffic: a try that came to nothing makes what was read before it old.
 */
function lastOf(restores: readonly EvidenceRecord[]): Pick<TakenBack, 'traffic' | 'trouble'> {
  const last = restores.at(-1)
  if (!last) return { traffic: null, trouble: 'no job of this run has read its router' }
  const points = (restored().safeParse(last.facts).data?.restored ?? []).filter(
    ({ kind }) => kind === 'traffic',
  )
  const isBack = points.length > 0 && points.every(({ ok }) => ok)
  const read = points.find(({ weights, readAt }) => weights !== undefined && readAt !== undefined)
  return {
    traffic:
      read?.weights && read.readAt !== undefined
        ? { weights: read.weights, readAt: read.readAt, isBack }
        : null,
    trouble: isBack ? '' : (points.find(({ ok }) => !ok)?.detail ?? last.reason),
  }
}

/** True when the traffic is where it was, whatever became of the rest. */
export const isSafe = ({ traffic }: TakenBack): boolean => traffic?.isBack === true

/** What is safe now, in one sentence, and what is not comes first. */
export function safeNow(results: readonly TakenBack[], spared: readonly SparedRegion[]): string {
  const also = ({ steps }: TakenBack): string => (steps === '' ? '' : `; ${steps}`)
  const read = (one: TakenBack): string =>
    (one.traffic
      ? `${formatWeights(one.traffic.weights)}, read at ${clockTime(one.traffic.readAt)}`
      : 'not read') + also(one)
  const unsafe = results.filter((one) => !isSafe(one))
  const safe = results.filter(isSafe)
  const left = spared.filter(({ isOther }) => !isOther)
  return [
    ...(left.length > 0
      ? [`NOT put back: ${left.map(({ region, why }) => `${region} (${why})`).join(', ')}`]
      : []),
    ...(unsafe.length > 0
      ? [`NOT safe: ${unsafe.map((one) => `${one.region} (${one.trouble}${also(one)})`).join(', ')}`]
      : []),
    ...(safe.length > 0
      ? [
          `Safe now, by the routers' own reading: ${safe.map((one) => `${one.region} (${read(one)})`).join(', ')}`,
        ]
      : []),
  ].join('. ')
}

/** The top of the report of an emergency rollback, and of a sweep, which is of no service alone. */
export function takenBackMarkdown(
  service: string | null,
  results: readonly TakenBack[],
  spared: readonly SparedRegion[],
): string[] {
  const title =
    service === null ? '## Put back after their run' : `## Emergency rollback: ${escapeText(service)}`
  if (results.length === 0) return [title, '', 'Nothing was taken back.', '']
  return [
    title,
    '',
    `**${escapeText(safeNow(results, spared))}.**`,
    '',
    ...spared.flatMap(({ region, why, isOther }) =>
      isOther ? [`- ${escapeText(region)} was left alone: ${escapeText(why)}`] : [],
    ),
    '',
    table(
      ['Service', 'Region', 'Traffic', 'The whole', 'Transaction'],
      results.map(({ service, region, traffic, trouble, note, transaction }) => [
        service,
        region,
        traffic?.isBack ? `back: ${formatWeights(traffic.weights)}` : `NOT back: ${trouble}`,
        note,
        transaction,
      ]),
    ),
    '',
    'Not undone, because nobody can: schema migrations, hooks, infrastructure.',
    '',
  ]
}
