import type { End } from './expectations'
import type { kubernetesRouters } from './kubernetes-routers'
import {
  againUnless,
  buttonAgain,
  jobGoesOn,
  jobIsCancelled,
  postAndGuard,
  restOfJob,
  runIsLost,
  runIsRunAgain,
  runnerIsLost,
  singleStep,
  thenSteps,
  type FollowUp,
} from './follow-ups'
import {
  canaryAlone,
  deployJob,
  emergencySteps,
  emergencyStop,
  emergencyTraffic,
  emergencyWait,
  emergencyWorkload,
  fence,
  guardRestore,
  guardTraffic,
  guardWithoutCheckout,
  postOf,
  resolve,
  restorer,
  restoreStep,
  setWeights,
  sharingJob,
} from './steps'
import type { Snapshot, Step, World } from './world'

const [begin, deploy, canary, commit] = deployJob()
const [, drain, , giveBack] = sharingJob()

/** Where a world stands when the step begins that is struck. */
type StandName =
  | 'nothing'
  | 'begun'
  | 'deployed'
  | 'walked'
  | 'committed'
  | 'lost'
  | 'fenced'
  | 'taken'
  | 'taken while it runs'
  | 'held'
  | 'sharing'
  | 'begun sharing'
  | 'drained'
  | 'deployed drained'
  | 'lost drained'

interface Stand {
  after?: StandName
  steps?: Step[]
  then?: (world: World) => void
}

const loseRunner = (world: World): void => world.endJob(begin.of)
const endRun = (world: World): void => world.endRun(1001)

const stands: Record<StandName, Stand> = {
  nothing: {},
  begun: { after: 'nothing', steps: [begin] },
  deployed: { after: 'begun', steps: [deploy] },
  walked: { after: 'deployed', steps: [canary] },
  committed: { after: 'walked', steps: [commit], then: endRun },
  lost: { after: 'walked', then: loseRunner },
  fenced: { after: 'committed', steps: [fence] },
  taken: { after: 'fenced', steps: [emergencyTraffic] },
  'taken while it runs': { after: 'walked', steps: [fence, emergencyTraffic] },
  sharing: { after: 'nothing', then: (world) => void (world.isSharing = true) },
  'begun sharing': { after: 'sharing', steps: [begin] },
  drained: { after: 'begun sharing', steps: [drain] },
  'deployed drained': { after: 'drained', steps: [deploy] },
  'lost drained': { after: 'deployed drained', then: loseRunner },
  held: { after: 'lost', steps: [guardWithoutCheckout], then: endRun },
}

/** One writing step, what came before it, and what comes after it. */
export interface Scene {
  name: string
  from: StandName
  /** each time, before the step */
  prepare?: (world: World) => void | Promise<void>
  step: Step
  /** what may come when the process, its job or its run is dead */
  killed: Record<string, FollowUp>
  /** what comes when the run was cancelled */
  cancelled: FollowUp
  /** what comes when the step has ended by itself */
  ended: FollowUp
  /** how it may end when the step was killed */
  ends: End[]
}

const inDeployJob = (from: StandName, step: Step, ends: End[] = ['restored']): Scene => ({
  name: step.name,
  from,
  step,
  killed: {
    'its job': jobGoesOn,
    'its posts': jobIsCancelled,
    'the guard': runnerIsLost,
    'a restorer': runIsLost,
    'another attempt': runIsRunAgain,
  },
  cancelled: jobIsCancelled,
  ended: restOfJob,
  ends,
})

/** A step of somebody who restores; it is done again until it is done. */
const restoring = (from: StandName, step: Step, again: Step[], change: Partial<Scene> = {}): Scene => ({
  name: step.name,
  from,
  step,
  killed: { 'it again': thenSteps(...again) },
  cancelled: thenSteps(...again),
  ended: againUnless(step),
  ends: ['restored'],
  ...change,
})

const lostToo = { 'a restorer': runIsLost, 'another attempt': runIsRunAgain }

export const scenes: readonly Scene[] = [
  inDeployJob('nothing', begin),
  inDeployJob('begun', deploy),
  inDeployJob('deployed', canary),
  {
    ...inDeployJob('deployed', canary),
    name: 'bad canary',
    prepare: (world) => void (world.isCanaryBad = true),
  },
  inDeployJob('walked', commit, ['restored', 'promoted']),
  {
    ...inDeployJob('walked', commit),
    name: 'refused commit',
    prepare: (world) => world.setWeights({ blue: 50, green: 50 }),
  },
  restoring('walked', restoreStep, [], {
    killed: { 'its posts': jobIsCancelled, 'the guard': runnerIsLost, ...lostToo },
    cancelled: jobIsCancelled,
    ended: jobIsCancelled,
  }),
  restoring('walked', postOf(canary), [], {
    name: 'post',
    killed: { 'the other posts': jobIsCancelled, 'the guard': runnerIsLost, ...lostToo },
    cancelled: runnerIsLost,
    ended: runnerIsLost,
  }),
  restoring('lost', guardTraffic, [], {
    killed: { 'the rest of the guard': thenSteps(guardRestore), ...lostToo },
    cancelled: runIsLost,
    ended: thenSteps(guardRestore),
  }),
  restoring('lost', guardRestore, [], {
    killed: lostToo,
    cancelled: runIsLost,
    ended: async (run, world, victim) => {
      if (victim.exitCode !== 0) await runIsLost(run, world, victim)
    },
  }),
  restoring('lost', restorer, [restorer], { prepare: endRun }),
  restoring('committed', fence, [], {
    killed: { 'it again': buttonAgain },
    cancelled: buttonAgain,
    ended: buttonAgain,
  }),
  restoring('fenced', emergencyTraffic, [emergencyWait, emergencyWorkload], {
    ended: thenSteps(emergencyTraffic, emergencyWait, emergencyWorkload),
  }),
  restoring('fenced', emergencySteps, [], {
    // The runner may be gone, or its job goes on and proves the traffic.
    killed: {
      'the rest of its jobs': thenSteps(emergencyTraffic, emergencyWait, emergencyWorkload),
      'its post': thenSteps(postOf(emergencySteps), emergencyWait, emergencyWorkload),
      'the workload alone': thenSteps(emergencyWait, emergencyWorkload),
    },
    cancelled: thenSteps(postOf(emergencySteps), emergencyWait, emergencyWorkload),
    ended: thenSteps(emergencyTraffic, emergencyWait, emergencyWorkload),
  }),
  restoring('taken while it runs', emergencyStop, [emergencyStop, emergencyWait, emergencyWorkload], {
    ended: async (run, world, victim) => {
      await againUnless(emergencyStop)(run, world, victim)
      await thenSteps(emergencyTraffic, emergencyWait, emergencyWorkload)(run, world, victim)
    },
  }),
  restoring('taken', emergencyWorkload, [emergencyWorkload]),
  restoring('held', resolve, [resolve], { ends: ['resolved'] }),
  { ...inDeployJob('sharing', begin), name: 'begin, sharing' },
  inDeployJob('begun sharing', drain),
  inDeployJob('deployed drained', giveBack),
  restoring('lost drained', guardRestore, [], {
    name: 'guard, sharing',
    killed: lostToo,
    cancelled: runIsLost,
    ended: async (run, world, victim) => {
      if (victim.exitCode !== 0) await runIsLost(run, world, victim)
    },
  }),
  {
    ...inDeployJob('nothing', setWeights, ['restored', 'promoted']),
    killed: { 'its post': singleStep, 'a restorer': runIsLost },
    cancelled: singleStep,
    ended: singleStep,
  },
  {
    ...inDeployJob('nothing', canaryAlone, ['restored', 'promoted']),
    killed: { 'its posts': postAndGuard, 'the guard': runnerIsLost, 'a restorer': runIsLost },
    cancelled: postAndGuard,
    ended: postAndGuard,
  },
]

const named = (name: string, all: readonly Scene[]): Scene[] =>
  all.map((scene) => ({ ...scene, name: `${scene.name}, ${name}` }))

/** Those in which the router is written and read in every way that we have. */
export const scenesOfRealHaproxy: readonly Scene[] = named(
  'real HAProxy',
  scenes.filter(({ name }) => ['canary', 'bad canary', 'commit', 'post', guardTraffic.name].includes(name)),
)

/** Those that have to do with the router at all, but for what a router that gives all to one arm cannot do. */
export function scenesOfKubernetes(router: keyof typeof kubernetesRouters): Scene[] {
  const others = ['deploy', fence.name, resolve.name, drain.name, giveBack.name]
  const inParts = router === 'kubernetes-service' ? ['refused commit', emergencySteps.name] : []
  const left = [...others, ...inParts]
  return named(
    router,
    scenes.filter(({ name }) => !left.includes(name) && !name.endsWith(', sharing')),
  )
}

/** Comes to where a scene begins, and keeps how far it has come on the way. */
export async function standAt(
  name: StandName,
  known: Map<string, Snapshot | undefined>,
  enter: (from?: Snapshot) => Promise<World>,
): Promise<Snapshot | undefined> {
  if (known.has(name)) return known.get(name)
  const { after, steps = [], then } = stands[name]
  const world = await enter(after && (await standAt(after, known, enter)))
  for (const step of steps) {
    const ended = await world.run(step)
    if (ended.exitCode !== 0 && !step.bare)
      throw new Error(`${step.name} failed on the way to "${name}": ${ended.stdout}${ended.stderr}`)
  }
  then?.(world)
  const snapshot = after === undefined ? undefined : await world.snapshot()
  known.set(name, snapshot)
  return snapshot
}
