import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import type { Rehearsed } from './run-rehearsal'

/** What a region's router was told and its transactions were marked as, in order. */
interface Recorded {
  commands: string
  marks: string
}

/** By scenario and region; several where chance decides at which stage a bad release is caught. */
const recordings = JSON.parse(readFileSync(join(import.meta.dirname, 'recordings.json'), 'utf8')) as {
  scenarios: Record<string, Record<string, Recorded[]>>
}

/** The routers got the very commands, and the ledger the very marks, that they got when the scenario was recorded. */
export function expectAsRecorded(scenario: string, { result }: Pick<Rehearsed, 'result'>): void {
  const recorded = recordings.scenarios[scenario]
  if (!recorded) throw new Error(`nothing is recorded of ${scenario}; see recordings.json`)
  expect(result.regions.map(({ name }) => name)).toEqual(Object.keys(recorded))
  for (const { name, commands, marks } of result.regions) {
    const now: Recorded = { commands: commands.join('; '), marks: marks.join(', ') }
    const [only, ...others] = recorded[name] ?? []
    if (others.length === 0) expect({ name, ...now }).toEqual({ name, ...only })
    else expect([only, ...others]).toContainEqual(now)
  }
}
