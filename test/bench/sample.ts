import { parseArgs } from 'node:util'
import { createTrail } from '../../actions/canary-step/src/trail'
import { createSequentialJudge, type Judge } from '../../packages/analysis/src/index'
import { createArmSampler, type ArmSampler } from '../../packages/metrics/src/index'
import scrape from '../../packages/metrics/src/scrape'
import { configured, createFakePorts, type FakePorts } from '../../packages/testing/src/index'
import { heldBytes } from './held-bytes'
import { median } from './judge/statistics'
import { largePages, queriesOf, type PageSize } from './large-pages'

/*
 * What a sample costs a stage, beside the network: CPU from the texts of the pages to the sample of both arms and what the judge
 * makes of it; and whether what is held stays as it is through a stage of six hours, sampled every 10 s. CPU is of all
 * threads, those that collect garbage among them; of several rounds the median counts. Large pages are held against a plain
 * split into lines in the same run, too, so that the machine falls out.
 * npm run bench:sample -- [--rounds 9] [--check]
 */
const LIMITS = { metricMs: 0.1, pageMs: 10, timesSplit: 8, grownKb: 300 }
const INTERVAL_MS = 10_000
const PER_HOUR = 360
const HOURS = 6
const LOOKS = 20
const SMALL: PageSize = { pages: 1, series: 100, routes: 1 }
const LARGE: Omit<PageSize, 'pages'> = { series: 10_000, routes: 20 }

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, check: { type: 'boolean', default: false } },
})
const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => round)

await benchMetric()
for (const pages of [1, 4]) await benchPages(pages)
await benchMemory()

/** Prints what was measured. @param limit in the same unit; with --check the bench fails above it */
function tell(what: string, measured: number, limit: number, unit: string): void {
  const over = !(measured <= limit)
  console.log(
    `${what}: ${measured.toFixed(3)}${unit} (limit ${limit}${unit})${over ? ', over the limit' : ''}`,
  )
  if (values.check && over) process.exitCode = 1
}

async function benchMetric(): Promise<void> {
  const stage = await openStage(SMALL)
  const perMetric: number[] = []
  for (const _ of rounds) {
    let metrics = 0
    const spent = await cpuOf(async () => {
      for (let look = 0; look < 10 * LOOKS; look++) metrics += (await stage.judgeNext()).judgements.length
    })
    perMetric.push(spent / metrics)
  }
  tell('a sample and what is made of it, for each metric', median(perMetric), LIMITS.metricMs, ' ms')
}

async function benchPages(pages: number): Promise<void> {
  const { sampler, ports, show } = await openSampler({ ...LARGE, pages })
  const pageTexts = largePages({ ...LARGE, pages })
  const spent: { look: number; split: number }[] = []
  for (const round of rounds) {
    const texts = Array.from({ length: LOOKS }, (_, look) => pageTexts(1 + round * LOOKS + look))
    const look = await cpuOf(async () => {
      for (const text of texts) {
        show(text)
        ports.clock.advance(INTERVAL_MS)
        await sampler.sample(ports.signal)
      }
    })
    const split = await cpuOf(() => void texts.flat().filter((text) => text.split('\n').includes('none')))
    spent.push({ look: look / LOOKS, split: split / LOOKS })
  }
  const what = `${LARGE.series} series on ${pages === 1 ? '1 page' : `${pages} pages`}`
  tell(what, median(spent.map(({ look }) => look)), LIMITS.pageMs, ' ms')
  const times = median(spent.map(({ look, split }) => look / split))
  tell(`${what}, against a plain split into lines`, times, LIMITS.timesSplit, ' times')
}

/** What source, sampler, judge and trail hold after each hour of a stage, and the evidence that is made of it. */
async function benchMemory(): Promise<void> {
  const stage = await openStage({ ...LARGE, pages: 4 })
  const trail = createTrail()
  const held: number[] = []
  for (let look = 1; look <= HOURS * PER_HOUR; look++) {
    trail.add({ stage: 0, ...(await stage.judgeNext()) })
    if (look % PER_HOUR !== 0) continue
    held.push(heldBytes() / 1000)
    const evidence = JSON.stringify({ samples: trail.samples() }, null, 2).length / 1000
    console.log(
      `hour ${look / PER_HOUR} of a stage: ${held.at(-1)?.toFixed(0)} kB are held, ${evidence.toFixed(0)} kB of evidence, ${trail.leftOut()} of ${look} samples left out`,
    )
  }
  const [first = NaN, ...later] = held
  tell(
    'what is held more than after the first hour, at most',
    Math.max(...later) - first,
    LIMITS.grownKb,
    ' kB',
  )
}

/** Samples and judges what the pages show from look to look. */
async function openStage(size: PageSize) {
  const { sampler, ports, show } = await openSampler(size)
  const pageTexts = largePages(size)
  const judge = openJudge()
  let look = 0
  return {
    async judgeNext() {
      show(pageTexts(++look))
      ports.clock.advance(INTERVAL_MS)
      const sample = await sampler.sample(ports.signal)
      if (!sample?.canary?.latency) throw new Error(`no sample at look ${look}: ${JSON.stringify(sample)}`)
      return { sample, judgements: judge.judge(sample, 0).judgements }
    },
  }
}

interface OpenedSampler {
  sampler: ArmSampler
  ports: FakePorts
  /** From now on these are the pages. */
  show(texts: readonly string[]): void
}

/** A sampler that has taken the levels of its counters. */
async function openSampler(size: PageSize): Promise<OpenedSampler> {
  let texts: readonly string[] = largePages(size)(0)
  const ports = createFakePorts({ http: ({ url }) => ({ body: texts[Number(new URL(url).port) - 1] ?? '' }) })
  const pages = texts.map((_, page) => `http://127.0.0.1:${page + 1}/metrics`)
  const sources = { app: configured(scrape, { type: 'scrape', pages }) }
  const [baseline, canary] = [queriesOf('blue'), queriesOf('green')]
  const sampler = createArmSampler(
    { baseline: { sources, ...baseline }, canary: { sources, ...canary } },
    ports,
  )
  await sampler.restart(ports.signal)
  return { sampler, ports, show: (shown) => void (texts = shown) }
}

/** Of one stage of six hours, with all that a config can have judged. */
function openJudge(): Judge {
  const watchMs = HOURS * PER_HOUR * INTERVAL_MS
  return createSequentialJudge(
    { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 }, latencyTolerance: 1.1 },
    [{ watchMs, errorRate: 0.05, latency: { p50: 250, p95: 1000, p99: 2500 } }],
  )
}

/** CPU that a piece of work takes, in ms. */
async function cpuOf(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
