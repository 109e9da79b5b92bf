import {
  deployJob,
  emergencyTraffic,
  emergencyWait,
  emergencyWorkload,
  fence,
  guardRestore,
  guardTraffic,
  ID,
  postOf,
  restorer,
  restoreStep,
  sharingJob,
} from './steps'
import type { Ended, Step, World } from './world'

// What GitHub, or a person, runs after a step has ended or died.

/** Runs a step and keeps how it ended. */
export type Runs = (step: Step) => Promise<Ended>

export type FollowUp = (run: Runs, world: World, victim: Ended) => Promise<void>

const begun = ({ step, outputs }: Ended): boolean =>
  step.name !== 'begin' || (outputs['transaction'] ?? '') !== ''

/** The posts of a job, of which the first one to run does all there is to be done: so the last stands for the others. */
async function posts(run: Runs, world: World, last: Step): Promise<void> {
  await run(postOf(last))
  const [begin] = deployJob()
  if (last.action !== begin.action) await run(postOf(begin))
  world.endJob(last.of)
}

async function guard(run: Runs, world: World): Promise<void> {
  world.endJob(deployJob()[0].of)
  await run(guardTraffic)
  await run(guardRestore)
}

/** The step failed: its job restores, runs its posts, and the guard comes after it. */
export const jobGoesOn: FollowUp = async (run, world, victim) => {
  if (begun(victim)) await run(restoreStep)
  await posts(run, world, victim.step)
  await guard(run, world)
}

/** The run was cancelled: nothing but the posts runs in the job. */
export const jobIsCancelled: FollowUp = async (run, world, victim) => {
  await posts(run, world, victim.step)
  await guard(run, world)
}

export const runnerIsLost: FollowUp = (run, world) => guard(run, world)

/** Whatever the ledger shows as open is restored by its id from another run. */
export const runIsLost: FollowUp = async (run, world) => {
  world.endRun(1001)
  const open = ['open', 'restoring', 'restore-failed', 'unmarked']
  if (world.ledger.some(({ id, state }) => id === ID && open.includes(state))) await run(restorer)
}

/** All jobs again, as another attempt of the run, once what was wrong with the release is mended. */
export const runIsRunAgain: FollowUp = async (run, world) => {
  world.endRun(1001)
  world.isCanaryBad = false
  const job = world.isSharing ? sharingJob : deployJob
  for (const step of job({ run: 'again', job: 'deploy' }, '1001-2-shop-eu-west-1')) {
    const { exitCode, outputs } = await run(step)
    if (exitCode !== 0 || outputs['outcome'] === 'already-committed') return
  }
}

/** The rest of the deploy job after a step that nobody killed. */
export const restOfJob: FollowUp = async (run, world, victim) => {
  if (victim.exitCode !== 0) return jobGoesOn(run, world, victim)
  const steps = world.isSharing ? sharingJob() : deployJob()
  const next = steps.findIndex(({ name }) => name === victim.step.name) + 1
  for (const step of steps.slice(next)) {
    const ended = await run(step)
    if (ended.exitCode !== 0) return jobGoesOn(run, world, ended)
  }
}

/** A job that failed again is run again; one that ended well is not. */
export const againUnless =
  (step: Step): FollowUp =>
  async (run, _, victim) => {
    if (victim.exitCode !== 0) await run(step)
  }

export const thenSteps =
  (...steps: Step[]): FollowUp =>
  async (run) => {
    for (const step of steps) await run(step)
  }

/** A person who pressed the button presses it again, unless it has worked. */
export const buttonAgain: FollowUp = async (run, _, victim) => {
  if (victim.exitCode !== 0) await run(fence)
  await thenSteps(emergencyTraffic, emergencyWait, emergencyWorkload)(run, _, victim)
}

/** A job of one writing step: its post, and whoever restores what it left when all of the run is over. */
export const singleStep: FollowUp = async (run, world, victim) => {
  await posts(run, world, victim.step)
  await runIsLost(run, world, victim)
}

export const postAndGuard: FollowUp = async (run, world, victim) => {
  await posts(run, world, victim.step)
  if (victim.exitCode !== 0) await guard(run, world)
}
