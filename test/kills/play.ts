import type { Cell } from './cells'
import { endOf, leftByPost, misrun, untruths, wentOn, type End } from './expectations'
import { nextBegin } from './steps'
import { standAt, type Scene } from './scenes'
import type { Ended, Place, Snapshot, Step, World } from './world'

/** No further step of a cell begins after this, and each has a limit of its own. */
const CELL_LIMIT_MS = 120_000
/**
 * How often a call comes may be a matter of milliseconds: a poll more, where the machine was busy when they were counted.
 * A cell whose call does not come strikes the last of its class that did, and is tried this often.
 */
const TRIES = 3

/** How a cell ended; `problems` are empty where all is as it must be. */
export interface Played {
  cell: Cell
  end: End | undefined
  problems: string[]
  /** the struck step, and what came after it */
  steps: Ended[]
  ms: number
}

/** A place with what its worlds begin from. */
export interface Stage {
  place: Place
  known: Map<string, Snapshot | undefined>
}

/** What a call was answered when nothing befell its step. */
export type Forged = (callClass: string, nth: number) => unknown

async function enterScene({ place, known }: Stage, scene: Scene): Promise<World> {
  place.switchboard.arm()
  const enter = (from?: Snapshot): Promise<World> => place.enter(from)
  const world = await enter(await standAt(scene.from, known, enter))
  await scene.prepare?.(world)
  return world
}

/** Runs the step of a scene without any harm, with all its calls counted. */
export async function rehearse(stage: Stage, scene: Scene): Promise<Ended> {
  const world = await enterScene(stage, scene)
  stage.place.switchboard.arm()
  return world.run(scene.step)
}

/** Plays one cell: what is struck, what comes next, and what is to be found in the end. */
export async function play(stage: Stage, cell: Cell, forged: Forged): Promise<Played> {
  const began = Date.now()
  const { switchboard } = stage.place
  let told: Pick<Played, 'problems' | 'steps' | 'end'> | undefined
  let { nth } = cell
  for (let tries = 1; told === undefined && tries <= TRIES; tries++) {
    told = await act(stage, { ...cell, nth }, forged).catch((error: unknown) => ({
      problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
      steps: [],
      end: undefined,
    }))
    nth = Math.min(nth, Math.max(1, switchboard.timesOf(cell.callClass)))
  }
  const unreached = { problems: [`its call was not reached in ${TRIES} tries`], steps: [], end: undefined }
  return { cell, ...(told ?? unreached), ms: Date.now() - began }
}

/** @returns undefined where the call was not reached */
async function act(
  stage: Stage,
  cell: Cell,
  forged: Forged,
): Promise<Pick<Played, 'problems' | 'steps' | 'end'> | undefined> {
  const { scene, callClass, nth, kind, next } = cell
  const { switchboard } = stage.place
  const world = await enterScene(stage, scene)
  const { runs, steps, problems } = watched(world)
  switchboard.arm({ callClass, nth, kind }, forged(callClass, nth))
  const victim = await runs(scene.step)
  if (!switchboard.struck) return undefined
  if (kind === 'interrupt') problems.push(...wentOn(switchboard))
  switchboard.arm()
  const after = kind === 'interrupt' ? scene.cancelled : scene.ended
  await (next === undefined ? after : scene.killed[next])?.(runs, world, victim)
  const found = await endOf(world, async () => (await runs(nextBegin)).outputs['outcome'] === 'begun')
  if ('broken' in found) problems.push(`the target is not whole: ${found.broken}`)
  else problems.push(...wrongEnd(cell, victim, found.end, world))
  return { problems, steps, end: 'broken' in found ? undefined : found.end }
}

/** Runs steps one after the other, and keeps what they say that is not so. */
function watched(world: World) {
  const steps: Ended[] = []
  const problems: string[] = []
  const deadline = Date.now() + CELL_LIMIT_MS
  const runs = async (step: Step): Promise<Ended> => {
    if (Date.now() > deadline) throw new Error(`it was not over after ${CELL_LIMIT_MS / 1000} s`)
    const ended = await world.run(step)
    // What was struck itself may have left everything to the next one.
    problems.push(...(await untruths(ended, world)), ...(steps.length > 0 ? leftByPost(ended) : []))
    steps.push(ended)
    return ended
  }
  return { runs, steps, problems }
}

function wrongEnd({ scene, next, kind, callClass }: Cell, victim: Ended, end: End, world: World): string[] {
  const isAgain = next === 'another attempt'
  const expected: End[] = isAgain ? ['promoted'] : endsOf(scene, victim)
  // Where GitHub says that it has kept the proof and has not, nothing proves that it was restored: it is done once more.
  const isProofLost = kind === 'unapplied' && callClass.includes('FinalizeArtifact')
  const isRestored = victim.ledger[0]?.state === 'restored' && !isProofLost
  const mayRepeat = victim.step.inputs['mode'] === 'restore' && !isRestored
  return [
    ...(expected.includes(end) ? [] : [`it ended ${end}, and not ${expected.join(' or ')}`]),
    ...misrun(world, { end, attempts: isAgain ? 2 : 1, mayRepeat }),
  ]
}

/** A step that nobody killed may have done its work after all. */
const endsOf = ({ ends, step }: Scene, { exitCode }: Ended): End[] =>
  exitCode === 0 && ['begin', 'drain', 'deploy', 'give back', 'canary'].includes(step.name)
    ? [...ends, 'promoted']
    : ends
