import { clockTime, messageOf, type Ports } from '@deploy-actions/action-kit'
import type { StageDecision } from '@deploy-actions/analysis'
import type { StagePlan } from '@deploy-actions/config'
import type { Followed, GivenInstruction, Instruction, Ledger } from '@deploy-actions/ledger'
import { formatPercent, JOB_LIMIT_MS, WHOLE } from '@deploy-actions/rollout'
import {
  Aborted,
  abortedBecause,
  nameOf,
  notOpen,
  type JobTransaction,
  type NotOpen,
} from '@deploy-actions/transaction'

/** How often people are listened to: a look that finds nothing new counts against no limit of GitHub's. */
const EVERY_MS = 30_000

/** What people have said to the walk, as far as it was heard. */
export interface Heard {
  /** all that is believed, oldest first */
  all: readonly GivenInstruction[]
  /** the stages to which somebody said yes while they were watched, in basis points */
  confirmed: ReadonlySet<number>
  hold?: Instruction | undefined
  skip?: Instruction | undefined
  abort?: Instruction | undefined
}

const NOTHING: Heard = { all: [], confirmed: new Set() }

/** Listens to people while a walk goes on. */
export interface Steering {
  /** From now on the canary has that weight: a yes to another one is said too soon or too late, and is none. */
  reached(weight: number): void
  /** Asks again when it is time; no stage waits for the answer. @throws NotOpen once somebody else sees to the target */
  listen(): Heard
  /**
   * Asks now, before something is written, and waits for the answer as the ledger does. @throws NotOpen when somebody else
   * sees to the target, Aborted when a person wants no more of it
   */
  ask(): Promise<void>
  /** what was heard last */
  readonly heard: Heard
  /** when a stage that waits for people is put back: what is left of the job then is for the restore */
  readonly untilMs: number
}

/** Listens to what is said to a transaction, in the background: a ledger that is slow or silent leaves no stage unwatched. */
export function createSteering(
  ledger: Pick<Ledger, 'followed'>,
  transaction: JobTransaction,
  { clock, log }: Pick<Ports, 'clock' | 'log'>,
): Steering {
  let heard = NOTHING
  let current: number | undefined
  let ended: NotOpen | undefined
  let askedAt = -Infinity
  let isDeaf = false
  const take = ({ state, note, instructions }: Followed): void => {
    const confirmed = new Set(heard.confirmed)
    for (const { kind, stage, by, reason } of instructions.slice(heard.all.length)) {
      log.warning(`${by} says \`${kind}\`: ${reason}`)
      if (kind !== 'confirm' || stage === undefined) continue
      if (stage === current) confirmed.add(stage)
      else log.warning(`${formatPercent(stage)} is not watched now: that yes counts for nothing`)
    }
    heard = { ...heardOf(instructions), confirmed }
    if (state !== 'open') ended = notOpen(transaction.record.id, { state, note })
    if (isDeaf) log.info('people are heard again')
    isDeaf = false
  }
  const miss = (error: unknown): void => {
    if (!isDeaf) log.warning(`nobody is heard for the time being: ${messageOf(error)}`)
    isDeaf = true
  }
  const ask = async (): Promise<void> => {
    // Until the answer is there nobody asks again.
    askedAt = Infinity
    try {
      take(await ledger.followed(nameOf(transaction)))
    } finally {
      askedAt = clock.now().getTime()
    }
  }
  return {
    reached: (weight) => void (current = weight),
    untilMs: Date.parse(transaction.record.openedAt) + JOB_LIMIT_MS,
    listen() {
      if (clock.now().getTime() - askedAt >= EVERY_MS) void ask().catch(miss)
      if (ended) throw ended
      return heard
    },
    async ask() {
      await ask()
      if (ended) throw ended
      const end = abortedBy(heard)
      if (end) throw new Aborted(end.reason)
    },
    get heard() {
      return heard
    },
  }
}

function heardOf(all: readonly GivenInstruction[]): Omit<Heard, 'confirmed'> {
  const last = (...kinds: Instruction['kind'][]) => all.findLast(({ kind }) => kinds.includes(kind))
  const held = last('hold', 'release')
  return {
    all,
    hold: held?.kind === 'hold' ? held : undefined,
    skip: last('skip'),
    abort: last('abort'),
  }
}

/** While a stage that has failed is watched at less, it is put back when that is over, whatever was said: an abort is sooner. */
export function whileSteppedBack(steering: Steering): Steering {
  const abortAlone = ({ abort }: Heard): Heard => ({ ...NOTHING, abort })
  return {
    ...steering,
    listen: () => abortAlone(steering.listen()),
    get heard() {
      return abortAlone(steering.heard)
    },
  }
}

/** A decision, and what a person makes of it. */
export interface Steered extends StageDecision {
  /** the stages between are left out */
  skips?: true
  /** it has passed, and waits for this */
  waits?: string
}

/** How a stage stands with people. All times in milliseconds of the action's clock. */
export interface Patience {
  now: number
  /** when it passed first; undefined as long as it has not */
  passedAt: number | undefined
  /** when the job has to end what waits */
  untilMs: number
}

/**
 * What becomes of a stage's decision by what people have said. A stage that fails is put back whatever they said; a yes,
 * a release and a skip let nothing pass that has failed.
 */
export function steer(
  decision: StageDecision,
  plan: Pick<StagePlan, 'weight' | 'confirm'>,
  heard: Heard,
  patience: Patience,
): Steered {
  // Once it has passed, what waits for a person does not end for want of data.
  const isLean = patience.passedAt !== undefined && decision.verdict === 'inconclusive'
  if (decision.then === 'rollback' && !isLean) return decision
  if (heard.skip && plan.weight < WHOLE) return skipping(decision, heard.skip)
  if (decision.then !== 'next' && !isLean) return decision
  const wait = waitFor(plan, heard, patience)
  return wait ? waiting(decision, wait, patience.now) : decision
}

/** The end of a stage whose walk a person wants to end. */
export const abortedBy = ({ abort }: Heard): StageDecision | undefined =>
  abort && { verdict: 'fail', final: true, then: 'rollback', reason: abortedBecause(abort) }

const skipping = (decision: StageDecision, skip: Instruction): Steered => ({
  verdict: decision.verdict === 'pass' ? 'pass' : 'inconclusive',
  final: true,
  then: 'next',
  skips: true,
  reason: `skipped to 100% ${whose(skip)}; until then: ${decision.reason}`,
})

/** What a stage that has passed waits for, in words, and how long. */
interface Wait {
  what: string
  untilMs: number
  otherwise: 'restore' | 'next'
}

function waitFor(
  { weight, confirm }: Pick<StagePlan, 'weight' | 'confirm'>,
  { hold, confirmed }: Heard,
  { now, passedAt = now, untilMs }: Patience,
): Wait | undefined {
  if (hold) return { what: `held ${whose(hold)}`, untilMs, otherwise: 'restore' }
  if (!confirm || confirmed.has(weight)) return undefined
  const { withinMs, otherwise } = confirm
  const ownMs = passedAt + withinMs
  // At the end of the job nothing goes on any more.
  return ownMs <= untilMs
    ? { what: 'it waits for a yes', untilMs: ownMs, otherwise }
    : { what: 'it waits for a yes', untilMs, otherwise: 'restore' }
}

function waiting(decision: StageDecision, { what, untilMs, otherwise }: Wait, now: number): Steered {
  const { verdict, reason, then } = decision
  const until = clockTime(new Date(untilMs).toISOString())
  if (now < untilMs)
    return { verdict, final: false, waits: `${what}, until ${until} at most`, reason: `${what}; ${reason}` }
  if (otherwise === 'next' && then === 'next')
    return { ...decision, reason: `${reason} (${what}, and nobody said no until ${until})` }
  return {
    verdict: 'inconclusive',
    final: true,
    then: 'rollback',
    reason: `${what}, and nothing was said until ${until}; ${reason}`,
  }
}

const whose = ({ by, reason }: Instruction): string => `by ${by}: ${reason}`
