import { createRandom } from '@deploy-actions/analysis'
import { heldBytes } from '../held-bytes'
import type { Measured } from './bars'
import { sequential } from './rules'
import { rollOut, type World } from './world'

const HOUR_MS = 3_600_000
const HOURS = 6
/** Of one sample with one metric. */
const LIMIT_MS = 0.1
/** What the judge may hold more after six hours than after one: far less than the samples of five hours would take. */
const LIMIT_BYTES = 100_000

/** What one sample costs our judge, and whether it holds more the longer it goes on. */
export function measureCost(): { cpu: Measured; memory: Measured } {
  watchSixHours() // Code is compiled, and what is known of it is held, when it first runs.
  const { perSampleMs, grownBytes } = watchSixHours()
  return {
    cpu: { isMet: perSampleMs < LIMIT_MS, found: `${perSampleMs.toFixed(4)} ms` },
    memory: {
      isMet: grownBytes < LIMIT_BYTES,
      found: `${Math.round(grownBytes / 1000)} kB more than after one`,
    },
  }
}

/** One stage of six hours at 100 requests/s. */
function watchSixHours(): { perSampleMs: number; grownBytes: number } {
  const world: World = {
    ...{ requestsPerSecond: 100, baseRate: 0.001 },
    schedule: [{ weight: 0.5, watchMs: HOURS * HOUR_MS }],
  }
  const rule = sequential(0.01)({ schedule: world.schedule, rates: () => ({ baseline: 0, canary: 0 }) })
  let [spentMs, samples, afterAnHour] = [0, 0, 0]
  for (const { sample, atMs } of rollOut(world, createRandom(1))) {
    const began = performance.now()
    rule.takesBack(sample, 0)
    spentMs += performance.now() - began
    samples++
    if (atMs === HOUR_MS) afterAnHour = heldBytes()
  }
  return { perSampleMs: spentMs / samples, grownBytes: heldBytes() - afterAnHour }
}
