import { beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import type { Sample } from '@deploy-actions/analysis'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import type { RouterState, SentRequests } from '@deploy-actions/traffic'
import { followsWeights, watchMissed, type Missed } from './missed-share'

const arms = { baseline: 'blue', canary: 'green' }
const INTERVAL_MS = 10_000
/** The canary at 10 %. */
const shares = { blue: 9000, green: 1000 }
const shown: RouterState = { weights: shares, effective: shares, members: {} }

/** What happens to an arm within ten seconds. */
interface Arm {
  /** by the metrics */
  counted: number
  /** by the router; as many as are counted unless said */
  sent?: number
  /** of those that were sent, they never end */
  hang?: number
}

let ports: FakePorts
let looks: number
beforeEach(() => {
  ports = createFakePorts()
  looks = 0
})

/** What is said at each of so many samples of the same, with the canary at 10 %. */
async function watch(samples: number, blue: Arm, green: Arm): Promise<(Missed | undefined)[]> {
  let tens = 0
  const sentTo = ({ counted, sent = counted, hang = 0 }: Arm): SentRequests => ({
    sent: tens * sent,
    underWay: tens * hang,
  })
  const requests = () => (looks++, Promise.resolve({ blue: sentTo(blue), green: sentTo(green) }))
  const next = watchMissed(shown, { ...ports, arms, router: { requests } })
  const said: (Missed | undefined)[] = []
  for (; tens < samples;) {
    await ports.clock.sleep(INTERVAL_MS, ports.signal)
    tens++
    const sample: Sample = {
      at: ports.clock.now().toISOString(),
      windowMs: INTERVAL_MS,
      baseline: { requests: blue.counted, errors: 0 },
      canary: { requests: green.counted, errors: 0 },
      problems: [],
    }
    said.push(await next(sample, shown))
  }
  return said
}
/** What is said in the end, of a watch that is long enough for all that is waited for. */
const said = async (blue: Arm, green: Arm): Promise<Missed['because'] | undefined> =>
  (await watch(40, blue, green)).at(-1)?.because

describe('a canary that is counted less than half its share', () => {
  it.each<[string, Arm, Arm, Missed['because'] | undefined]>([
    ['is sent them, and they are lost', { counted: 270 }, { counted: 1, sent: 30 }, 'swallowed'],
    // 150 + 10 of 320 that are expected
    ['is sent them, and half are lost', { counted: 540 }, { counted: 24, sent: 60 }, 'unknown'],
    ['is sent no more', { counted: 290 }, { counted: 2 }, 'not sent'],
    [
      'counts all that it is sent, beside an old arm that is asked by other ways, too',
      { counted: 5270, sent: 270 },
      { counted: 30 },
      undefined,
    ],
    [
      'counts all of the few that it is sent, beside such an arm',
      { counted: 5009, sent: 9 },
      { counted: 1 },
      undefined,
    ],
    [
      'counts one kind of requests only, as the old arm does',
      { counted: 270, sent: 27_000 },
      { counted: 10, sent: 1000 },
      'not sent',
    ],
    ['has not ended what it was sent', { counted: 270 }, { counted: 0, sent: 30, hang: 30 }, 'unknown'],
    [
      'has ended a fifth of what it was sent',
      { counted: 270 },
      { counted: 6, sent: 30, hang: 24 },
      'unknown',
    ],
    // Streams that last: as many of them are under way at the old arm, for what it is sent.
    [
      'has ended little of what it was sent, as the old arm',
      { counted: 54, sent: 270, hang: 216 },
      { counted: 3, sent: 30, hang: 27 },
      undefined,
    ],
  ])('%s', async (_, blue, green, because) => expect(await said(blue, green)).toBe(because))

  it('is said to have lost its requests with the numbers of both, once it lasts', async () => {
    const all = await watch(40, { counted: 270 }, { counted: 1, sent: 30 })
    const reason =
      'in the last 60 s the canary was counted 6 of 1626 requests, and its share of 10% is 163; the router has sent it 180 of 1800'
    expect(all.at(-1)).toEqual({
      reason: `${reason}: what became of them is not known`,
      because: 'swallowed',
    })
    const first = all.findIndex((one) => one?.because === 'swallowed')
    // A minute of samples, a minute of looks, three that it lasts.
    expect(first).toBe((60 + 60 + 180) / 10 - 1)
    expect(all.slice(5, first).every((one) => one?.because === 'unknown')).toBe(true)
  })

  it('is not known where the router does not answer, or counts nothing', async () => {
    expect(await said({ counted: 290, sent: 0 }, { counted: 2, sent: 0 })).toBe('unknown')
    const away = () => Promise.reject(new ProviderError('away', { provider: 'haproxy' }))
    const next = watchMissed(shown, { ...ports, arms, router: { requests: away } })
    const sample = { at: ports.clock.now().toISOString(), windowMs: 60_000, problems: [] }
    const counts = { baseline: { requests: 2000, errors: 0 }, canary: { requests: 9, errors: 0 } }
    expect(await next({ ...sample, ...counts }, shown)).toMatchObject({ because: 'unknown' })
    expect(ports.recorded.log.map(({ line }) => line)).toEqual([
      'how many requests the router sends to each arm is not known: away',
    ])
  })
})

it('asks the router nothing while the canary is counted its share', async () => {
  expect((await watch(12, { counted: 270 }, { counted: 30 })).filter(Boolean)).toEqual([])
  expect(looks).toBe(0)
})

it.each([
  ['requests', {}, true],
  ['requests', { bound: true as const }, false],
  ['requests', { byConnection: true as const }, false],
  ['clients', {}, false],
] as const)(
  'shares of a router that splits %s and shows %j follow its weights: %s',
  (splits, shown, follow) => {
    const capabilities = {
      ...{ min: 0, max: 256, step: 1, splits, atomic: false, compareAndSet: false },
      ...{ zero: 'weight' as const, effectWithin: '1s' },
    }
    expect(followsWeights({ capabilities }, shown)).toBe(follow)
  },
)
