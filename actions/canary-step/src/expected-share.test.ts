import { describe, expect, it } from '@jest/globals'
import type { GateFailed } from '@deploy-actions/action-kit'
import { type HttpResponse } from '@deploy-actions/action-kit'
import type { Outputs } from './outputs'
import { run } from './run.fixture'

describe('a canary whose metrics show a hundredth of its requests', () => {
  const COUNTS = /(arm="(\w+)",code="\w+"\} )(\d+)/g
  /** What the pages say when the canary's answers are mostly not counted. */
  const hundredth = ({ body = '', ...answer }: Partial<HttpResponse>): Partial<HttpResponse> => ({
    ...answer,
    body: body.replace(COUNTS, (_, name: string, arm: string, count: string) =>
      arm === 'green' ? `${name}${Math.round(Number(count) / 100)}` : `${name}${count}`,
    ),
  })

  it('fails when it lasts that the router says that it sent them', async () => {
    const { outcome, region, ports } = await run({}, {}, hundredth)
    expect((outcome as Error).message).toMatch(
      /^10%: in the last 60 s the canary was counted \d+ of \d+ requests, and its share of 10% is \d+; the router has sent it \d+ of \d+: what became of them is not known; traffic is back at blue 100%/,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
    // A minute to see it, a minute of which the router tells, too, and three that it lasts.
    expect(ports.clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')).toBeLessThan(6 * 60_000)
  })

  it('does not pass where the router does not tell', async () => {
    const { outcome } = await run({}, {}, hundredth, ({ haproxy }) => {
      haproxy.before = (command) => {
        if (command.startsWith('show stat app 4')) throw new Error('cut off')
        return 'act'
      }
    })
    expect((outcome as Error).message).toMatch(/^10%: .*in the last 60 s the canary was counted/)
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'inconclusive' })
  })

  it('passes after its longest watch where the router has sent it no more, and says so', async () => {
    // All clients but few stay with the old arm, whatever the weights say.
    const { outcome, region } = await run({
      clients: {
        ...{ sticky: 0.98, people: 50, stayMs: 10 * 3_600_000, connections: 20, connectionMs: 60_000 },
        ...{ idleMs: 60_000, slowStartMs: 1, slowness: () => 1 },
      },
    })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    const [first] = (outcome as Outputs).stages as unknown as { reason: string; durationMs: number }[]
    expect(first?.durationMs).toBeGreaterThanOrEqual(15 * 60_000)
    expect(first?.reason).toMatch(/\(in the last 60 s .*; the router has sent it \d+ of \d+\)$/)
  })

  it('passes where shares do not follow the weights: by connections, with bound clients, or as the config says', async () => {
    const tcp = await run({}, {}, hundredth, ({ haproxy }) => void (haproxy.mode = 'tcp'))
    expect(tcp.outcome).toMatchObject({ outcome: 'promoted' })
    const bound = await run({}, {}, hundredth, ({ haproxy }) => {
      haproxy.cookie = 'SERVERID'
      haproxy.states = { green: 'maint' }
    })
    expect(bound.outcome).toMatchObject({ outcome: 'promoted' })
    const told = await run({}, { analysis: '{ expect-share: false }' }, hundredth)
    expect(told.outcome).toMatchObject({ outcome: 'promoted' })
  })
})
