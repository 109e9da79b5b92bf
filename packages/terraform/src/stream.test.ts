import { describe, expect, it } from '@jest/globals'
import { failureReasonOf } from './failure'
import { isOurs, lockInfoIn } from './lock-info'
import { readStream } from './stream'

/** Messages as Terraform 1.11.4 prints them with -json, less what is not read here. */
const said = [
  { type: 'version', '@timestamp': '2026-12-01T22:22:35.949158Z', terraform: '1.11.4', ui: '1.2' },
  { type: 'planned_change', '@timestamp': '2026-12-01T22:22:35.952657Z' },
  { type: 'apply_start', hook: { resource: { addr: 'a.one' }, action: 'create' } },
  { type: 'apply_complete', hook: { resource: { addr: 'a.one' }, action: 'create', elapsed_seconds: 2 } },
  { type: 'apply_start', hook: { resource: { addr: 'a.two' }, action: 'delete' } },
  { type: 'apply_complete', hook: { resource: { addr: 'a.two' }, action: 'delete', elapsed_seconds: 0 } },
  { type: 'apply_start', hook: { resource: { addr: 'a.two' }, action: 'create' } },
  { type: 'provision_progress', hook: { resource: { addr: 'a.two' }, output: 'swordfish' } },
  { type: 'apply_errored', hook: { resource: { addr: 'a.two' }, action: 'create', elapsed_seconds: 1 } },
  { type: 'apply_start', hook: { resource: { addr: 'a.three' }, action: 'update' } },
  {
    type: 'diagnostic',
    diagnostic: { severity: 'error', summary: 'local-exec provisioner error', detail: 'exit 3' },
  },
]
const lines = said.map((one) => JSON.stringify(one)).join('\n')

describe('the messages of an apply', () => {
  it('tell what was done, what failed and what nobody knows of, in whatever pieces they come', () => {
    for (const size of [1, 7, 64, lines.length]) {
      const shown: string[] = []
      const stream = readStream((line) => shown.push(line))
      for (let at = 0; at < lines.length; at += size) stream.take(lines.slice(at, at + size))
      const applied = stream.end()
      expect([[...applied.done], [...applied.failed], [...applied.begun]]).toEqual([
        [
          ['a.one', 'create'],
          ['a.two', 'delete'],
        ],
        [['a.two', 'create']],
        [['a.three', 'update']],
      ])
      expect(applied.summary).toBeUndefined()
      expect(applied.lockedBy).toBe('2026-12-01T22:22:35.952657Z')
      expect(applied.diagnostics).toMatchObject([{ summary: 'local-exec provisioner error' }])
      expect(shown[1]).toBe('a.one: create done after 2 s')
      expect(JSON.stringify(shown)).not.toContain('swordfish')
    }
  })

  it('end with a summary where it came to its end', () => {
    const stream = readStream()
    stream.take(
      '{"type":"change_summary","changes":{"add":2,"change":0,"import":0,"remove":1,"operation":"apply"}}\n',
    )
    expect(stream.end().summary).toEqual({ add: 2, change: 0, destroy: 1, import: 0 })
  })

  it('are told from what a crash prints', () => {
    const stream = readStream()
    stream.take('panic: runtime error\n{"type":')
    expect(stream.end().foreign).toEqual(['panic: runtime error', '{"type":'])
  })
})

/** As Terraform 1.11.4 prints it. */
const HELD = `Error acquiring the state lock

Error message: operation error S3: PutObject, https response error StatusCode: 412, api error PreconditionFailed
Lock Info:
  ID:        925f5f64-3f65-541f-d606-85bc3e0d9a6f
  Path:      bucket/eu.tfstate
  Operation: OperationTypeApply
  Who:       root@vm
  Version:   1.11.4
  Created:   2026-11-20 23:53:19.998914165 +0000 UTC
  Info:      
`

const YEAR = { began: '2026-01-01T00:00:00Z', lockedBy: '2027-01-01T00:00:00Z', us: 'root@vm' }

describe('a lock that somebody holds', () => {
  it('A7 41: is read', () => {
    expect(lockInfoIn(HELD)).toEqual({
      id: '925f5f64-3f65-541f-d606-85bc3e0d9a6f',
      path: 'bucket/eu.tfstate',
      operation: 'OperationTypeApply',
      who: 'root@vm',
      version: '1.11.4',
      created: '2026-11-20 23:53:19.998914165 +0000 UTC',
    })
    expect(lockInfoIn(HELD.replaceAll(/^/gm, '│ '))?.who).toBe('root@vm')
  })

  it('A7 41: is not the one that was asked for, which the http backend prints', () => {
    const asked = HELD.replace(
      /Error message: .*/,
      'Error message: HTTP remote state already locked: ID=aaaa-bbbb',
    )
    expect(lockInfoIn(asked)).toEqual({ id: 'aaaa-bbbb' })
  })

  it('is not in what speaks of something else', () => {
    expect(lockInfoIn('Error: Invalid reference\n  ID: x')).toBeUndefined()
  })

  it.each([
    ['made while our apply began', '2026-11-20T23:53:19.000Z', '2026-11-20T23:53:20.100Z', true],
    ['made before it', '2026-11-20T23:53:20.000Z', '2026-11-20T23:53:21.000Z', false],
    ['made after ours was held', '2026-11-20T23:53:10.000Z', '2026-11-20T23:53:19.000Z', false],
    ['of an apply that never held it', '2026-11-20T23:53:19.000Z', undefined, false],
  ])('is ours or not: %s', (_, began, lockedBy, ours) => {
    expect(isOurs(lockInfoIn(HELD) ?? { id: '' }, { began, lockedBy, us: 'root@vm' })).toBe(ours)
  })

  it('is not ours where it says nothing of itself, or is one of a plan or of another machine', () => {
    expect(isOurs({ id: 'a' }, YEAR)).toBe(false)
    expect(isOurs(lockInfoIn(HELD) ?? { id: '' }, YEAR)).toBe(true)
    expect(isOurs(lockInfoIn(HELD) ?? { id: '' }, { ...YEAR, us: 'root@other' })).toBe(false)
    const plan = lockInfoIn(HELD.replace('OperationTypeApply', 'OperationTypePlan')) ?? { id: '' }
    expect(isOurs(plan, YEAR)).toBe(false)
  })
})

describe('why a step failed', () => {
  it.each([
    ['apply', 'Error: Failed to save state', 'state-save-failed'],
    ['plan', HELD, 'state-locked'],
    ['apply', 'Error: Saved plan is stale', 'plan-stale'],
    ['apply', 'Error: Saved plan does not match the given state', 'plan-mismatch'],
    ['apply', 'Error: Cannot apply incomplete plan', 'plan-errored'],
    ['show', 'Error: Failed to read the given file as a state or plan file', 'plan-tampered'],
    ['apply', 'Error: Inconsistent dependency lock file', 'plan-mismatch'],
    ['init', 'Error: Unsupported Terraform Core version', 'tool-missing'],
    ['plan', 'Error: No valid credential sources found', 'auth-failed'],
    ['init', 'Error: Failed to query available provider packages', 'init-failed'],
    ['plan', 'Error: No value for required variable', 'plan-failed'],
    ['apply', 'Error: local-exec provisioner error', 'apply-failed'],
  ] as const)('%s: %s', (step, text, reason) => {
    expect(failureReasonOf(step, text)).toBe(reason)
  })
})
