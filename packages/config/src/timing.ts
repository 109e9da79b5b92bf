import type { RegionTiming } from '@deploy-actions/rollout'
import type { RegionConfig } from './load'
import { planStages } from './stage-plan'

/** What takes time in the deploy job of a region, by its config. */
export function timingOf({ deploy, gates, canary, metrics }: RegionConfig): RegionTiming {
  const asked = [metrics.requests, metrics.errors].flatMap(({ source }) => metrics.sources[source] ?? [])
  return {
    deploy: deploy.worstCase(),
    gates: [gates['after-deploy'], gates['after-rollout']].flatMap((gate) =>
      gate ? [{ timeoutMs: gate.timeout, greenForMs: gate['green-for'] }] : [],
    ),
    stages: planStages(canary.stages, canary.analysis),
    // The slowest source decides: a sample is taken when all of them can tell of its window.
    metricsLagMs: Math.max(0, ...asked.map(({ lag, resolution }) => lag + resolution)),
  }
}
