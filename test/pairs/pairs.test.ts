import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runRehearsal, type Rehearsed } from '../rehearsals/run-rehearsal'

// Two things go wrong in one rollout: each with each. PAIRS=3:SEED plays so many, as the seed draws them.

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }
const LIMIT = 600_000
const region = 'eu-west'

/** One thing that goes wrong, as a scenario has it. */
const faults: Record<string, Record<string, unknown>> = {
  'the release fails': { arm: 'canary', errors: '20%', 'at-stage': '25%' },
  'the release refuses': { arm: 'canary', connections: 'refused', 'at-stage': '50%' },
  'the release hangs': { arm: 'canary', hangs: '30%', 'at-stage': '25%' },
  'the old release is away': { arm: 'baseline', connections: 'refused', 'at-stage': '50%', for: '2m' },
  'the metrics are away': { metrics: 'fail', 'at-stage': '25%', for: '90s' },
  'nobody comes': { load: 'stop', 'at-stage': '25%', for: '3m' },
  'the router is away': { router: 'refuse', 'at-stage': '50%', for: '2m' },
  'the router is slow': { router: 'slow', 'at-stage': '25%', for: '2m' },
  'the router is reloaded': { router: 'reload', 'at-stage': '50%', for: '30s' },
  'GitHub is away': { github: 'down', 'at-stage': '25%', for: '3m' },
  'no call is left': { github: 'quota-gone', 'at-stage': '50%', for: '5m' },
  'the runner is lost': { runner: 'lost', 'at-stage': '50%' },
  'the run is cancelled': { run: 'cancel', 'at-stage': '25%' },
  'somebody takes it back': {
    ...{ dispatch: 'emergency-rollback', 'at-stage': '50%' },
    inputs: { region, reason: 'orders are lost' },
  },
  'somebody aborts it': {
    ...{ dispatch: 'steer', 'at-stage': '25%' },
    inputs: { region, say: 'abort', reason: 'orders are lost' },
  },
}
const names = Object.keys(faults)
const pairs = names.flatMap((one, index) => names.slice(index + 1).map((other) => [one, other] as const))

/** @throws Error for what is not COUNT:SEED: a run that plays nothing must not pass for one that plays all */
function drawn(asked: string | undefined): readonly (readonly [string, string])[] {
  if (!asked) return pairs
  const [, count, seed] = /^(\d+):(\w+)$/.exec(asked) ?? []
  if (!Number(count)) throw new Error(`PAIRS is ${asked}; give COUNT:SEED, such as 3:a1b2c3`)
  const order = ([one, other]: readonly [string, string]): string =>
    createHash('sha256').update(`${seed} ${one} ${other}`).digest('hex')
  return pairs.toSorted((a, b) => order(a).localeCompare(order(b))).slice(0, Number(count))
}

async function play(one: string, other: string): Promise<Rehearsed> {
  const file = join(await mkdtemp(join(tmpdir(), 'pair-')), 'scenario.yml')
  const both = [one, other].map((name) => ({ region, ...faults[name] }))
  await writeFile(file, JSON.stringify({ faults: both }))
  return runRehearsal('--scenario', file, '--regions', region, '--speed', '30')
}

/**
 * Wholly promoted, wholly put back, or held and told: by the proxy's own reading, and the ledger says the same. A release
 * that is bad or unwanted is never promoted.
 */
function expectAnEnd({ result, region: regionOf }: Rehearsed): void {
  const { outcome, weights, marks } = regionOf(region)
  const last = marks.at(-1)
  if (outcome === 'promoted') {
    expect([result.conclusion, last, weights.after]).toEqual(['success', 'committed', NEW])
  } else if (outcome === 'restore-failed') {
    expect([result.conclusion === 'success', last]).toEqual([false, 'restore-failed'])
    expect(result.told).toContain(`restore-failed ${region}`)
  } else {
    expect(['restored', 'unverified']).toContain(outcome)
    expect([result.conclusion === 'success', last, weights.after]).toEqual([false, outcome, OLD])
  }
}

describe('two things that go wrong', () => {
  it.each(drawn(process.env['PAIRS']))(
    '%s, and %s',
    async (one, other) => {
      const rehearsed = await play(one, other)
      expectAnEnd(rehearsed)
      const { outcome } = rehearsed.region(region)
      const isBad = [one, other].some((name) => /^the release|cancelled|^somebody|runner is lost/.test(name))
      const struck = rehearsed.result.notStruck.length === 0
      if (isBad && struck) expect(outcome).not.toBe('promoted')
    },
    LIMIT,
  )
})
