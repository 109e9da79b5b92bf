import { describe, expect, it } from '@jest/globals'
import type { EvidenceRecord } from '@deploy-actions/evidence'
import { lastReading } from './readings'

const record = (region: string, facts: unknown) => ({ region, facts }) as EvidenceRecord
const at = (minute: number) => `2026-11-21T10:${String(minute).padStart(2, '0')}:00.000Z`
const GREEN = { blue: 0, green: 10_000 }
const BLUE = { blue: 10_000, green: 0 }

describe('the last reading of a region', () => {
  it('is the newest, wherever an action kept it', () => {
    const stages = record('eu', {
      stages: [
        { weight: 1000, weights: { blue: 9000, green: 1000 }, readAt: at(1) },
        { weight: 10_000, weights: GREEN, readAt: at(5) },
      ],
    })
    const commit = record('eu', { weights: GREEN, effective: GREEN, readAt: at(7) })
    const restored = record('eu', {
      restored: [
        { kind: 'traffic', ok: true, weights: BLUE, readAt: at(9) },
        { kind: 'script', ok: true },
      ],
    })
    expect(lastReading([stages], 'eu')).toEqual({ weights: GREEN, readAt: at(5) })
    expect(lastReading([commit, stages], 'eu')).toEqual({ weights: GREEN, readAt: at(7) })
    expect(lastReading([restored, commit, stages], 'eu')).toEqual({ weights: BLUE, readAt: at(9) })
  })

  it('is of no other region, and nothing that was only planned', () => {
    const elsewhere = record('us', { weights: GREEN, readAt: at(1) })
    const planned = record('eu', { stages: [{ weight: 1000 }], restored: [{ kind: 'traffic', ok: false }] })
    expect(lastReading([elsewhere, planned, record('eu', undefined)], 'eu')).toBeUndefined()
  })
})
