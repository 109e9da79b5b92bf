import { describe, expect, it } from '@jest/globals'
import { transactionStates } from '@deploy-actions/rollout'
import { lastMark, readDeployment, statusBody } from './deployment'
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

  it('is the same with a payload of text', () => {
    expect(readDeployment(JSON.stringify(record), [])).toEqual({ record, marks: [] })
  })

  it.each([
    ['text', 'no JSON'],
    ['another object', { version: '1.4.0' }],
    ['nothing', null],
    ['a record with another field', { ...record, command: 'rm -rf /' }],
  ])('is not ours when its payload is %s', (_, payload) =>
    expect(readDeployment(payload, [{ description: 'open' }])).toBeUndefined(),
  )

  it('hears nobody else: GitHub marks earlier deployments inactive, without a word', () => {
    const statuses = [{ description: '' }, { description: null }, {}, { description: 'opened' }]
    expect(readDeployment(record, statuses)?.marks).toEqual([])
  })

  it.each(transactionStates)('reads back what marks it as %s', (state) => {
    const { description } = statusBody(state, 'as it was said')
    expect(readDeployment(record, [{ description }])?.marks).toEqual([{ state, note: description }])
  })
})

describe('the last mark', () => {
  it('is open before anything was said', () => expect(lastMark([])).toEqual({ state: 'open', note: '' }))

  it('is what was said last', () =>
    expect(
      lastMark([
        { state: 'open', note: 'open' },
        { state: 'committed', note: 'committed: all well' },
      ]).state,
    ).toBe('committed'))
})
