import { evaluate, evaluateCondition, evaluateText, type Contexts, type StatusFunctions } from './expressions'
import type { JobDefinition } from './job-definition'
import { expandMatrix, type Leg } from './matrix'
import { onAbort } from './on-abort'
import { runCallJob } from './run-call-job'
import { runPlainJob } from './run-plain-job'
import { addJob, combine, concludeJob, type Ending, type LegContext, type Level } from './run-state'
import { Expression, literal } from './template'

/** Runs one job of a file: its condition, its matrix, its legs. Never rejects. */
export async function runMatrix(
  level: Level,
  definition: JobDefinition,
  contexts: Contexts,
  status: (signal: AbortSignal) => StatusFunctions,
): Promise<Ending> {
  const plainName = literal(definition.name) ?? definition.key
  const { forced } = level.run
  const holds = (signal: AbortSignal) =>
    !forced.aborted && evaluateCondition(definition.if, contexts, status(signal))
  let legs: Leg[]
  try {
    if (!holds(level.signal)) {
      const onlyCancelled = forced.aborted || (level.signal.aborted && holds(new AbortController().signal))
      return ended(level, definition, plainName, onlyCancelled ? 'cancelled' : 'skipped')
    }
    legs = expandMatrix(definition.key, definition.strategy, contexts)
  } catch (error) {
    return ended(level, definition, plainName, 'failure', (error as Error).message)
  }

  const rest = new AbortController()
  const runOne = async (leg: Leg): Promise<Ending> => {
    const own = new AbortController()
    const signal = AbortSignal.any([level.signal, rest.signal, own.signal])
    const ownContexts = { ...contexts, matrix: leg.matrix, strategy: leg.strategy }
    try {
      const name = legName(definition, leg, ownContexts)
      if (!safely(() => holds(signal))) return ended(level, definition, name, 'cancelled')
      const legContext = {
        level,
        contexts: ownContexts,
        name,
        own,
        signal,
        holds: () => safely(() => holds(signal)),
      }
      const ending = await runLeg(definition, legContext)
      const forgiven = ending.result === 'failure' && mayFail(definition, ownContexts)
      if (ending.result === 'failure' && !forgiven && leg.strategy['fail-fast']) rest.abort()
      return forgiven ? { ...ending, result: 'success' } : ending
    } catch (error) {
      return ended(level, definition, plainName, 'failure', (error as Error).message)
    }
  }
  return collect(await inTurn(legs, runOne))
}

/** Runs the legs in their order, as many at once as `max-parallel` allows. @returns endings in the order of ending */
async function inTurn(legs: Leg[], run: (leg: Leg) => Promise<Ending>): Promise<Ending[]> {
  const waiting = [...legs]
  const endings: Ending[] = []
  const worker = async () => {
    for (let leg = waiting.shift(); leg; leg = waiting.shift()) endings.push(await run(leg))
  }
  const width = Math.min(legs.length, legs[0]?.strategy['max-parallel'] ?? 1)
  await Promise.all(Array.from({ length: width }, worker))
  return endings
}

/** Runs one leg of a job: its own steps, or the workflow it calls. */
async function runLeg(definition: JobDefinition, leg: LegContext): Promise<Ending> {
  const over = new AbortController()
  // What runs, or waits, goes on after a cancellation if its condition still holds.
  const stopListening = onAbort(leg.signal, () => {
    if (!leg.holds()) over.abort()
  })
  try {
    return definition.kind === 'plain'
      ? await runPlainJob(definition, leg, over.signal)
      : await runCallJob(definition, leg, over.signal)
  } finally {
    stopListening()
  }
}

/** Of outputs of several legs, the last that is set and not empty stays; source: GitHub, reuse workflows. */
function collect(endings: Ending[]): Ending {
  const set = endings.flatMap(({ outputs }) => Object.entries(outputs).filter(([, value]) => value !== ''))
  return { result: combine(endings.map(({ result }) => result)), outputs: Object.fromEntries(set) }
}

/** A name without expressions, or none, gets the values of its leg appended. */
function legName({ key, name }: JobDefinition, { suffix }: Leg, contexts: Contexts): string {
  return name instanceof Expression ? evaluateText(name, contexts) : `${literal(name) ?? key}${suffix}`
}

function mayFail(definition: JobDefinition, contexts: Contexts): boolean {
  return definition.kind === 'plain' && evaluate(definition.continueOnError, contexts) === true
}

function ended(
  level: Level,
  definition: JobDefinition,
  name: string,
  result: 'skipped' | 'cancelled' | 'failure',
  message?: string,
): Ending {
  concludeJob(level.run, addJob(level, definition, name), result, message)
  return { result, outputs: {} }
}

/** A condition that fails when it is asked again no longer holds. */
function safely(ask: () => boolean): boolean {
  try {
    return ask()
  } catch {
    return false
  }
}
