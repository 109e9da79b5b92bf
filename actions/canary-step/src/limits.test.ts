import { describe, expect, it } from '@jest/globals'
import type { GateFailed } from '@deploy-actions/action-kit'
import type { FakePorts } from '@deploy-actions/testing'
import type { Outputs } from './outputs'
import { HEALTHY, run } from './run.fixture'

const minutes = (count: number): number => count * 60_000
const BEGAN = Date.parse('2026-11-21T10:00:00Z')

/** The series of the region and more: gauges of both arms, a pool that they share, and payments. */
type Gauges = (minute: number) => Record<string, number | undefined>
const showing =
  (gauges: Gauges): Parameters<typeof run>[2] =>
  (answer, clock) => {
    const shown = Object.entries(gauges((clock.now().getTime() - BEGAN) / 60_000))
    const lines = shown.flatMap(([series, value]) => (value === undefined ? [] : [`${series} ${value}\n`]))
    return { ...answer, body: (answer.body ?? '') + lines.join('') }
  }
const COUNTS = `requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }, errors: { source: proxy, sum: ['requests_total{arm="\${arm}",code="5xx"}'] }`
const metrics = (more: string): string =>
  `{ sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, ${COUNTS}, ${more} }`
const stages = (limits: string): string =>
  `[{ weight: 5%, watch: 5m, limits: ${limits} }, { weight: 100%, watch: 5m, limits: ${limits} }]`
const linesOf = (ports: FakePorts): string[] => ports.recorded.log.map(({ line }) => line)
const messageOf = (outcome: Outputs | Error): string => (outcome as Error).message

describe('values', () => {
  const VALUES = metrics(
    `values: { cpu: { source: proxy, sum: ['cpu{arm="\${arm}"}'], take: highest, unit: percent }, pool: { source: proxy, sum: ['pool_in_use'] } }`,
  )
  const LIMITS = stages('{ cpu: { max: 90%, fail-after: 3 }, pool: { max: 18, fail-after: 1 } }')
  const calm = { 'cpu{arm="blue"}': 50, 'cpu{arm="green"}': 55, pool_in_use: 12 }

  it('within their limits let a release pass', async () => {
    const { outcome } = await run(
      {},
      { metrics: VALUES, stages: LIMITS },
      showing(() => calm),
    )
    expect(outcome).toMatchObject({ outcome: 'promoted' })
  })

  it('that both arms share have limits, too: 19 of 20 connections of a pool take it back at once', async () => {
    const { outcome, region } = await run(
      {},
      { metrics: VALUES, stages: LIMITS },
      showing((minute) => ({ ...calm, pool_in_use: minute > 3 ? 19 : 12 })),
    )
    expect(messageOf(outcome)).toContain('pool: canary is at 19, limit 18')
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rolled-back': true })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('fail after three samples in a row above a limit, not after two', async () => {
    const spike = (samples: number) =>
      showing((minute) => ({ ...calm, 'cpu{arm="green"}': minute > 3 && minute < 3 + samples / 6 ? 95 : 55 }))
    const short = await run({}, { metrics: VALUES, stages: LIMITS }, spike(2))
    expect(short.outcome).toMatchObject({ outcome: 'promoted' })
    const long = await run({}, { metrics: VALUES, stages: LIMITS }, spike(4))
    expect(messageOf(long.outcome)).toContain(
      'cpu: canary is at 95%, limit 90%, 3 of 3 samples in a row that fail it',
    )
  })

  it('that are gone keep the stage from passing, and take it back when they stay away', async () => {
    const gone = (until: number) =>
      showing((minute) => ({ ...calm, 'cpu{arm="green"}': minute > 3 && minute < until ? undefined : 55 }))
    const back = await run({}, { metrics: VALUES, stages: LIMITS }, gone(6))
    expect(back.outcome).toMatchObject({ outcome: 'promoted' })
    const lost = await run({}, { metrics: VALUES, stages: LIMITS }, gone(Infinity))
    expect(messageOf(lost.outcome)).toContain('cpu gave no answer: canary cpu: no series matches')
    expect((lost.outcome as GateFailed).outputs).toMatchObject({ verdict: 'error', 'rolled-back': true })
  })

  it('that nobody has are refused before anything moves', async () => {
    const { outcome, writes } = await run(
      {},
      { metrics: VALUES, stages: LIMITS },
      showing(() => ({ ...calm, pool_in_use: undefined })),
    )
    expect(messageOf(outcome)).toMatch(/pool/)
    expect(writes).toBe(0)
  })

  it('are held against the baseline where a limit says so', async () => {
    const relative = metrics(`values: { throughput: { source: proxy, sum: ['invoices{arm="\${arm}"}'] } }`)
    const least = stages('{ throughput: { min: 95%, of: baseline, fail-after: 2 } }')
    const invoices = (green: number) =>
      showing(() => ({ 'invoices{arm="blue"}': 100, 'invoices{arm="green"}': green }))
    expect((await run({}, { metrics: relative, stages: least }, invoices(97))).outcome).toMatchObject({
      outcome: 'promoted',
    })
    expect(messageOf((await run({}, { metrics: relative, stages: least }, invoices(90))).outcome)).toContain(
      "throughput: canary is at 90, at least 95% of the baseline's 100, 2 of 2 samples in a row that fail it",
    )
  })

  it('that both arms share are not held against the baseline: refused before anything moves', async () => {
    const shared = metrics(`values: { pool: { source: proxy, sum: ['pool_in_use'] } }`)
    const { outcome, writes } = await run(
      {},
      { metrics: shared, stages: stages('{ pool: { max: 110%, of: baseline } }') },
      showing(() => calm),
    )
    expect(messageOf(outcome)).toContain('metrics.values.pool: neither the query nor its source names ${arm}')
    expect(writes).toBe(0)
  })

  it('that are only reported decide nothing, and are told of', async () => {
    const reported = metrics(
      `values: { cpu: { source: proxy, sum: ['cpu{arm="\${arm}"}'], unit: percent, report-only: true } }`,
    )
    const { outcome, ports } = await run(
      {},
      { metrics: reported, stages: stages('{ cpu: 90% }') },
      showing((minute) => ({ ...calm, 'cpu{arm="green"}': minute > 3 ? 95 : 55 })),
    )
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    const said = 'cpu: canary is at 95%, limit 90%, 3 of 3 samples in a row that fail it'
    expect(linesOf(ports)).toContain(`${said} (only reported)`)
    expect((outcome as Outputs).stages?.at(-1)?.reason).toContain(
      'only reported: cpu: canary is at 95%, limit 90%',
    )
  })
})

describe('ratios', () => {
  const PAYMENTS = metrics(
    `ratios: { payments: { of: { source: proxy, sum: ['payments{arm="\${arm}"}'] }, succeeded: { source: proxy, sum: ['paid{arm="\${arm}"}'] } } }`,
  )
  /** Ten payments a second in blue, two in green from minute 1 on, of which a part succeeds. */
  const paying = (share: number) =>
    showing((minute) => {
      const green = Math.max(0, Math.round((minute - 1) * 120))
      return {
        'payments{arm="blue"}': Math.round(minute * 600),
        'paid{arm="blue"}': Math.round(minute * 600 * 0.999),
        'payments{arm="green"}': green,
        'paid{arm="green"}': Math.round(green * share),
      }
    })

  it('are compared with the baseline as errors are', async () => {
    const even = stages('{}')
    expect((await run({}, { metrics: PAYMENTS, stages: even }, paying(0.999))).outcome).toMatchObject({
      outcome: 'promoted',
    })
    const { outcome } = await run({}, { metrics: PAYMENTS, stages: even }, paying(0.9))
    expect(messageOf(outcome)).toMatch(
      /5%: canary \d+ of \d+ payments failed .*, baseline \d+ of [\d,]+ payments failed/,
    )
  })

  it('have limits of what must succeed', async () => {
    const { outcome } = await run(
      {},
      { metrics: PAYMENTS, stages: stages('{ payments: { min: 98%, fail-after: 2 } }') },
      paying(0.9),
    )
    expect(messageOf(outcome)).toMatch(/payments/)
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rolled-back': true })
  })
})

describe('the threshold judge', () => {
  const judged = { analysis: '{ judge: threshold, fail-after: 2 }' }

  it('does what a runbook says: two samples in a row above 1 % take the release back, one does not', async () => {
    const bad = (samples: number) => (arm: string, elapsed: number) =>
      arm === 'green' && elapsed > minutes(3) && elapsed < minutes(3) + samples * 10_000 ? 0.3 : HEALTHY
    const limits = { ...judged, stages: stages('{ error-rate: 1% }') }
    const one = await run({ errorRate: bad(1), requestsPerSecond: 1000 }, limits)
    expect(one.outcome).toMatchObject({ outcome: 'promoted' })
    const two = await run({ errorRate: bad(3), requestsPerSecond: 1000 }, limits)
    expect(messageOf(two.outcome)).toMatch(
      /error-rate: canary \d+ of \d+ requests failed \(.*\), limit 1%, 2 of 2 samples in a row that fail it/,
    )
    expect((two.outcome as GateFailed).outputs).toMatchObject({ 'rollback-verified': true })
  })

  it('warns before anything moves of how often chance alone takes a good release back', async () => {
    const { ports } = await run(
      { requestsPerSecond: 10 },
      { ...judged, stages: stages('{ error-rate: 0.1% }') },
    )
    expect(linesOf(ports).join('\n')).toMatch(
      /limits that each sample is held against by itself take back [\d.]+% of the releases that are as good as the baseline, by chance alone, at [\d.]+ requests\/s \(0 of \d+ failed: 0\.\d+% is taken for its rate\), most of them by error-rate/,
    )
    const calm = await run({ requestsPerSecond: 1000 }, { ...judged, stages: stages('{ error-rate: 5% }') })
    expect(linesOf(calm.ports).join('\n')).not.toContain('by chance alone')
  })

  it('refuses stages without limits: it would let anything pass', async () => {
    const { outcome } = await run({}, { ...judged, stages: stages('{}') })
    expect(messageOf(outcome)).toContain('0.limits: is empty: the threshold judge would let anything pass')
  })
})

describe('a limit that cannot be judged', () => {
  it.each([
    ['{ cpu: 90% }', '0.limits.cpu: nothing of that name is measured; known: error-rate.'],
    ['{ latency-p99: 1s }', '0.limits.latency-p99: needs the histogram'],
    ['{ error-rate: 300ms }', '0.limits.error-rate: is measured as a share such as 70%'],
    ['{ error-rate: { min: 1% } }', '0.limits.error-rate: is limited by a maximum'],
    ['{ error-rate: { max: 90%, of: baseline } }', '0.limits.error-rate: `of: baseline` is for values'],
    ['{ error-rate: 100% }', '0.limits.error-rate: a limit lies between 0% and 100%'],
    ['{ error-rate: soon }', 'is not a limit; write a share such as 70%, a time such as 300ms, or a number'],
    ['{ error-rate: { fail-after: 2 } }', 'give max or min'],
  ])('%s is refused, with what to do', async (limits, message) => {
    const { outcome, writes } = await run({}, { stages: stages(limits) })
    expect(messageOf(outcome)).toContain(message)
    expect(writes).toBe(0)
  })
})
