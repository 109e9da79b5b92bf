import { describe, expect, it } from '@jest/globals'
import { transactionStates } from '@deploy-actions/rollout'
import { readDeployment, statusBody } from './deployment'
import { transactionRecord } from './record.fixture'

const record = transactionRecord()

describe('a deployment read as a transaction', () => {
  it('tells its record and its marks, oldest first', () => {
    const newestFirst = [
      'restored',
      'restoring: canary 43 of 5,120 requests failed',
      'open: run 1001 attempt 1',
    ]
    expect(
      readDeployment(
        record,
        newestFirst.map((description) => ({ description })),
      ),
    ).toEqual({
      record,
      marks: [
        { state: 'open', note: 'open: run 1001 attempt 1' },
        { state: 'restoring', note: 'restoring: canary 43 of 5,120 requests failed' },
        { state: 'restored', note: 'restored' },
      ],
    })
  })

  it('tells when each was made, by GitHub', () => {
    const statuses = [{ description: 'open', created_at: '2026-11-20T10:00:00Z' }]
    expect(readDeployment(record, statuses)?.marks).toEqual([
      { state: 'open', note: 'open', madeAt: '2026-11-20T10:00:00Z' },
    ])
  })

  it('is the same with a payload of text', () => {
    expect(readDeployment(JSON.stringify(record), [])).toEqual({ record, marks: [] })
  })

  it.each([
    ['text', 'no JSON'],
    ['another object', { version: '1.4.0' }],
    ['nothing', null],
  ])('is not ours when its payload is %s', (_, payload) =>
    expect(readDeployment(payload, [{ description: 'open' }])).toBeUndefined(),
  )

  it('of another version is read as far as this one can, and what it cannot read is said', () => {
    const later = { ...record, v: 2, command: 'rm -rf /', run: { ...record.run, host: 'h' } }
    const read = readDeployment(later, [{ description: 'open' }])
    expect(read?.record).toEqual(record)
    expect(read?.unread).toBe(
      'v: Invalid input: expected 1; run: Unrecognized key: "host"; Unrecognized key: "command"',
    )
    const byHand = { ...later, weightsOnly: true as const }
    expect(readDeployment(byHand, [])?.record).toEqual({ ...record, weightsOnly: true })
    expect(readDeployment({ ...record, restore: 'everything' }, [])).toBeUndefined()
    expect(readDeployment({ ...record, restore: [{ router: 'canary' }] }, [])).toBeUndefined()
    expect(readDeployment({ ...record, v: 2, config: { path: 1 } }, [])?.record.config).toBeUndefined()
    expect(readDeployment({ ...record, v: 2, keepOldMs: 1 }, [])?.record.keepOldMs).toBe(1)
    expect(readDeployment({ ...record, keepOldMs: 'long' }, [])?.record).toEqual(record)
  })

  it('knows the run that says to have made a mark', () => {
    const statuses = [
      { description: 'committed: done', log_url: 'https://github.com/acme/shop/actions/runs/77' },
      { description: 'open', log_url: 'https://github.com/acme/shop/actions/runs/78/job/5' },
    ]
    expect(readDeployment(record, statuses)?.marks).toEqual([
      { state: 'open', note: 'open' },
      { state: 'committed', note: 'committed: done', run: 77 },
    ])
  })

  it('hears nobody else: GitHub marks earlier deployments inactive, without a word', () => {
    const statuses = [{ description: '' }, { description: null }, {}, { description: 'opened' }]
    expect(readDeployment(record, statuses)?.marks).toEqual([])
  })

  it.each(transactionStates)('reads back what marks it as %s', (state) => {
    const { description } = statusBody(state, 'as it was said')
    expect(readDeployment(record, [{ description }])?.marks).toEqual([{ state, note: description }])
  })
})
