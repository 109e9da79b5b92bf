import type { RegionTiming } from '@deploy-actions/rollout'
import { ofRelease } from './infrastructure'
import type { RegionConfig } from './load'
import { planStages } from './stage-plan'

/** What takes time in the deploy job of a region, by its config. */
export function timingOf({
  arms,
  deploy,
  gates,
  canary,
  hooks,
  infrastructure,
  metrics,
  rollback,
  traffic,
}: RegionConfig): RegionTiming {
  const asked = [metrics.requests, metrics.errors, metrics.latency].flatMap(
    (query) => (query && metrics.sources[query.source]) ?? [],
  )
  const worst = deploy.worstCase()
  const released = ofRelease(infrastructure)
  // What is brought onto both arms is deployed and looked at twice; at most one of the two is put back.
  const times = arms.finish === 'promote' ? 2 : 1
  const after = [gates['after-deploy'], gates['after-rollout']]
  return {
    deploy: {
      snapshotMs: times * worst.snapshotMs,
      deployMs: times * worst.deployMs,
      restoreMs: worst.restoreMs + rollback['keep-canary'],
    },
    // Its lock is waited for twice: to plan once more, and to apply.
    infrastructureMs: released ? 2 * released['lock-timeout'] + released.timeout : 0,
    gates: Array.from({ length: times }, () => after)
      .flat()
      .flatMap((gate) => (gate ? [{ timeoutMs: gate.timeout, greenForMs: gate['green-for'] }] : [])),
    stages: planStages(canary.stages, canary.analysis, metrics).map(
      ({ watchMs, maxWatchMs, confirm, stepBack }) => ({
        ...{ watchMs, maxWatchMs },
        ...{ confirmMs: confirm?.withinMs ?? 0, stepBackMs: stepBack?.holdMs ?? 0 },
      }),
    ),
    hooks: {
      beforeStageMs: hooks['before-stage']?.timeout ?? 0,
      duringStageMs: hooks['during-stage']?.timeout ?? 0,
      afterStageMs: hooks['after-stage']?.timeout ?? 0,
      finishedMs: hooks.finished?.timeout ?? 0,
    },
    share: traffic.regions !== undefined,
    // The slowest source decides: a sample is taken when all of them can tell of its window.
    metricsLagMs: Math.max(0, ...asked.map(({ lag, resolution }) => lag + resolution)),
  }
}
