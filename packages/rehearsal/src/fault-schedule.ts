import type { RegionFault } from '@deploy-actions/embedded-regions'
import { InputError } from '@deploy-actions/action-kit'
import { planStages, type RegionConfig } from '@deploy-actions/config'
import { formatPercent, type Weights } from '@deploy-actions/rollout'
import type { Dispatch, ScenarioFault } from './scenario'

/** What a fault's beginning is told by. All times in scaled milliseconds. */
export interface RegionMoment {
  /** since when the deploy job of the region has been running */
  deployBeganAt?: number
  /** basis points of the canary arm, by the proxy's own reading */
  canaryWeight: number
  /** the step that the deploy job is at */
  step?: string
  /** the job that puts it back has begun */
  guarded?: boolean
  /** its workload is in the middle of a change */
  changing?: boolean
}

/** What must be done now: faults to hold in each region, and what strikes once. */
export interface Due {
  regions: Record<string, { faults: RegionFault[]; stopped: boolean }>
  run: 'cancel' | 'force-cancel' | undefined
  /** regions whose deploy job loses its runner, for good or for a time */
  runners: { region: string; how: 'lost' | 'away' }[]
  /** workflows that somebody runs now */
  dispatches: Dispatch[]
  /** what somebody sets the shares of regions to by hand now */
  shares: Weights[]
  /** what is wrong with GitHub; until when, if that is known */
  github: { what: 'down' | 'quota-gone'; until: number | undefined } | undefined
}

/** Tells which faults of a scenario hold at a moment. Each begins once and ends once. */
export function createFaultSchedule(faults: readonly ScenarioFault[]): {
  at(now: number, moments: Record<string, RegionMoment>): Due
  /** faults that have not begun: at the end of a run, those whose moment never came */
  waiting(): ScenarioFault[]
} {
  const began = new Map<ScenarioFault, number>()
  const seen = new Map<ScenarioFault, number>()
  const struck = new Set<ScenarioFault>()

  const holds = (fault: ScenarioFault, now: number): boolean => {
    const start = began.get(fault)
    return start !== undefined && (fault.for === undefined || now < start + fault.for)
  }
  const endOf = (fault: ScenarioFault): number | undefined =>
    fault.for === undefined ? undefined : (began.get(fault) ?? 0) + fault.for
  const once = (fault: ScenarioFault, now: number): boolean => {
    if (!holds(fault, now) || struck.has(fault)) return false
    struck.add(fault)
    return true
  }

  return {
    waiting: () => faults.filter((fault) => !began.has(fault)),
    at(now, moments) {
      for (const fault of faults) {
        const moment = moments[fault.region]
        if (began.has(fault) || !moment || !begins(fault, moment, now)) continue
        const since = seen.get(fault) ?? now
        seen.set(fault, since)
        // With a stage, `from` counts since the proxy showed it.
        if (fault['at-stage'] === undefined || now >= since + fault.from) began.set(fault, now)
      }
      const held = faults.filter((fault) => holds(fault, now))
      const regions = Object.fromEntries(
        Object.keys(moments).map((region) => {
          const here = held.filter((fault) => fault.region === region)
          return [
            region,
            { faults: here.flatMap(regionFault), stopped: here.some((fault) => 'load' in fault) },
          ]
        }),
      )
      return {
        regions,
        run: faults.flatMap((fault) => ('run' in fault && once(fault, now) ? [fault.run] : []))[0],
        runners: faults.flatMap((fault) =>
          'runner' in fault && once(fault, now) ? [{ region: fault.region, how: fault.runner }] : [],
        ),
        dispatches: faults.flatMap((fault) => ('dispatch' in fault && once(fault, now) ? [fault] : [])),
        shares: faults.flatMap((fault) => ('shares' in fault && once(fault, now) ? [fault.shares] : [])),
        github: held.flatMap((fault) =>
          'github' in fault ? [{ what: fault.github, until: endOf(fault) }] : [],
        )[0],
      }
    },
  }
}

/** A router's units round: a stage is there when its weight is, within one percent. */
const isAt = (weight: number, stage: number): boolean => Math.abs(weight - stage) <= 100

/** @throws InputError when a fault waits for a weight that no stage of its region has: it would never begin */
export function mustHaveStages(
  { faults }: { faults: readonly ScenarioFault[] },
  configs: readonly RegionConfig[],
): void {
  const problems = faults.flatMap(({ region: name, 'at-stage': stage }) => {
    const config = configs.find(({ region }) => region.name === name)
    if (stage === undefined || !config) return []
    const stages = planStages(config.canary.stages, config.canary.analysis, config.metrics).map(
      ({ weight }) => weight,
    )
    const backSteps = config.canary.stages.flatMap((one) => one['on-fail']?.to ?? [])
    if ([0, ...stages, ...backSteps].some((weight) => isAt(weight, stage))) return []
    return [
      {
        where: 'scenario',
        message: `a fault in ${name} waits until the canary has ${formatPercent(stage)}, which none of its stages gives (${stages.map(formatPercent).join(', ')}): it would never begin`,
      },
    ]
  })
  if (problems.length > 0) throw new InputError(problems)
}

function begins(
  fault: ScenarioFault,
  { deployBeganAt, canaryWeight, step, guarded, changing }: RegionMoment,
  now: number,
): boolean {
  if (deployBeganAt === undefined) return false
  const stage = fault['at-stage']
  if (stage !== undefined) return isAt(canaryWeight, stage)
  if (fault['at-job'] !== undefined) return guarded === true
  if (fault['at-workload'] !== undefined) return changing === true
  if (fault['at-step'] !== undefined) return step === fault['at-step']
  return now >= deployBeganAt + fault.from
}

function regionFault(fault: ScenarioFault): RegionFault[] {
  if ('metrics' in fault) return [{ metrics: fault.metrics }]
  if ('router' in fault) return [{ router: fault.router }]
  if (!('arm' in fault)) return []
  return [
    {
      arm: fault.arm,
      ...(fault.errors === undefined ? {} : { errors: fault.errors }),
      ...(fault.latency === undefined ? {} : { latencyMs: fault.latency }),
      ...(fault['slow-tail'] === undefined ? {} : { slowTail: fault['slow-tail'] }),
      ...(fault.hangs === undefined ? {} : { hangs: fault.hangs }),
      ...(fault.health === undefined ? {} : { unhealthy: true }),
      ...(fault.connections === undefined ? {} : { refuse: true }),
    },
  ]
}
