import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@deploy-actions/action-kit'
import type { Weights } from '@deploy-actions/rollout'
import { createFaultSchedule, type Due, type RegionMoment } from './fault-schedule'
import { isWriter } from './region-jobs'
import type { Dispatch, Scenario, ScenarioFault } from './scenario'
import { changeShares } from './shares'
import type { RegionReading, World } from '@deploy-actions/embedded-regions'
import type { GitHubEmulator } from '@deploy-actions/github-emulator'
import type { JobView, RunHandle } from '@deploy-actions/workflow-engine'

/** Scaled milliseconds after which a quota comes back where the scenario does not say. */
const HOUR_MS = 3_600_000
/** Real milliseconds between two looks. */
const LOOK_EVERY_MS = 40

/** A change of the weights as the proxy itself showed it. */
export interface WeightChange {
  region: string
  /** scaled time, milliseconds since 1970 */
  at: number
  weights: Weights
}

/** Looks at the regions while a run goes on, and lets the scenario's faults strike. */
export interface Watcher {
  changes: WeightChange[]
  /** each vector that the router between the regions was seen to hold */
  shares: Weights[]
  latest: Record<string, RegionReading>
  /** wake those machines that stand still */
  away: (() => Promise<void>)[]
  /** faults whose moment has not come */
  waiting(): ScenarioFault[]
  stop(): Promise<void>
}

interface Watched {
  world: World
  github: Pick<GitHubEmulator, 'fault' | 'useUpQuota'>
  run: RunHandle
  scenario: Scenario
  clock: Clock
  dispatch(what: Dispatch): Promise<void>
  regionOf(job: JobView): string | undefined
  /** the workload of a region is in the middle of a change */
  isChanging(region: string): boolean
  onLook(readings: Record<string, RegionReading>): void | Promise<void>
}

export function watch(watched: Watched): Watcher {
  const { world, github, run, scenario, clock, dispatch, regionOf, onLook } = watched
  const schedule = createFaultSchedule(scenario.faults)
  const changes: WeightChange[] = []
  const held = new Map<string, string>()
  const watcher: Watcher = { changes, shares: [], latest: {}, away: [], waiting: schedule.waiting, stop }
  const outage = outages(github)
  let stopped = false

  const look = async (): Promise<void> => {
    const readings = await world.state()
    watcher.latest = readings
    const now = clock.now().getTime()
    for (const [region, { weights }] of Object.entries(readings)) {
      const last = changes.findLast((change) => change.region === region)
      if (JSON.stringify(last?.weights) !== JSON.stringify(weights))
        changes.push({ region, at: now, weights })
    }
    const due = schedule.at(now, momentsOf(watched, readings))
    for (const [region, { faults, stopped: loadStopped }] of Object.entries(due.regions)) {
      const wanted = JSON.stringify({ faults, loadStopped })
      if ((held.get(region) ?? '{"faults":[],"loadStopped":false}') === wanted) continue
      held.set(region, wanted)
      await world.setFaults(region, faults)
      await world.setLoad(region, { stopped: loadStopped })
    }
    outage(due.github, now)
    if (due.run === 'cancel') run.cancel()
    if (due.run === 'force-cancel') run.forceCancel()
    const shares = (await world.shares())?.weights
    if (shares && JSON.stringify(watcher.shares.at(-1)) !== JSON.stringify(shares))
      watcher.shares.push(shares)
    for (const given of due.shares) await changeShares(world, given)
    for (const what of due.dispatches) await dispatch(what)
    for (const { region, how } of due.runners) {
      const writer = (job: JobView): boolean => isWriter(job) && regionOf(job) === region
      if (how === 'lost') run.loseRunner(writer)
      else watcher.away.push(run.suspendRunner(writer))
    }
    await onLook(readings)
  }

  const loop = (async () => {
    while (!stopped) {
      await look()
      await sleep(LOOK_EVERY_MS)
    }
  })()

  async function stop(): Promise<void> {
    stopped = true
    await loop
    await look()
  }
  return watcher
}

/** Holds what is wrong with GitHub, and ends it. */
function outages(github: Watched['github']): (due: Due['github'], now: number) => void {
  let end: (() => void) | undefined
  return (due, now) => {
    if (due === undefined) {
      end?.()
      end = undefined
    } else
      end ??=
        due.what === 'down'
          ? github.fault({ match: () => true, then: '500', times: Infinity })
          : (github.useUpQuota(new Date(due.until ?? now + HOUR_MS)), () => undefined)
  }
}

function momentsOf(
  { run, regionOf, isChanging }: Pick<Watched, 'run' | 'regionOf' | 'isChanging'>,
  readings: Record<string, RegionReading>,
): Record<string, RegionMoment> {
  return Object.fromEntries(
    Object.entries(readings).map(([region, { weights, baseline }]) => {
      const deploy = run.view.jobs.find(
        (job) => isWriter(job) && job.startedAt !== null && regionOf(job) === region,
      )
      const guarded = run.view.jobs.some(
        (job) => job.key === 'guard' && job.startedAt !== null && regionOf(job) === region,
      )
      const step = deploy?.steps.find(({ status }) => status === 'in_progress')?.name
      const canaryWeight = Object.entries(weights).reduce(
        (sum, [arm, points]) => (arm === baseline ? sum : sum + points),
        0,
      )
      return [
        region,
        {
          canaryWeight,
          guarded,
          changing: isChanging(region),
          ...(deploy?.startedAt ? { deployBeganAt: Date.parse(deploy.startedAt) } : {}),
          ...(step === undefined ? {} : { step }),
        },
      ]
    }),
  )
}
