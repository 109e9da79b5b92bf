import { InputError, type ProviderPorts } from '@deploy-actions/action-kit'
import type { ArmSample, Bucket, Counts, Sample, SampleProblem } from '@deploy-actions/analysis'
import { defined } from '@deploy-actions/rollout'
import { examineNames, type AskedSeries, type NameFindings } from './series-names'
import type {
  ConfiguredSource,
  Inventory,
  OpenedSource,
  QueryKind,
  QueryResult,
  SourceTiming,
  Window,
} from './source'

const ARMS = ['baseline', 'canary'] as const
type Arm = (typeof ARMS)[number]

/** A query as it stands in a config, variables filled: the source that answers it, and what that source is asked. */
export interface SourceQuery {
  source: string
  /** `zero`: its series may begin with their first event; until then they count nothing */
  absent?: 'zero' | undefined
  /** what a value, or the bounds of the buckets of a histogram, are in; default of a histogram: seconds */
  unit?: 'ratio' | 'percent' | 's' | 'ms' | undefined
  [option: string]: unknown
}

/** The queries of one arm, and the sources that answer them: both may name the arm. */
export interface ArmQueries {
  sources: Record<string, ConfiguredSource>
  /** counter of its requests */
  requests: SourceQuery
  /** counter of those that failed */
  errors: SourceQuery
  /** histogram of how long they took */
  latency?: SourceQuery | undefined
  /** other counters, by name: of how many how many failed, or succeeded */
  ratios?: Record<string, RatioQueries>
  /** gauges, by name */
  values?: Record<string, SourceQuery>
}

export interface RatioQueries {
  of: SourceQuery
  failed?: SourceQuery | undefined
  succeeded?: SourceQuery | undefined
}

/** What is sampled of each arm. */
export type SamplerSettings = Record<Arm, ArmQueries>

/** Takes samples of both arms. Their windows adjoin, and end where the data of every source can be complete. */
export interface ArmSampler extends SourceTiming {
  /** so much of the past, in milliseconds, every source can still tell of */
  readonly lookback: number
  /**
   * Windows begin anew at `from` (default: now), so that none reaches back over a change of weights. Sources that keep
   * counters themselves take their level at this moment.
   */
  restart(signal: AbortSignal, from?: Date): Promise<void>
  /** Undefined while no window is complete that the sources can tell anything of. */
  sample(signal: AbortSignal): Promise<Sample | undefined>
}

/** Tells what the sources hold of the series that the queries name. */
export interface SeriesExaminer {
  /** By the last look at every source; a source whose whole page was not seen, or that cannot list it, is left out. */
  examine(): NameFindings
}

/** One query of one arm. */
interface Question {
  source: ConfiguredSource
  name: string
  arm: Arm
  metric: 'requests' | 'errors' | 'latency' | 'value' | keyof RatioQueries
  kind: QueryKind
  asked: SourceQuery
  /** of a value or a ratio: its name in the config */
  own?: string
}

/** A source and the questions of both arms that it answers. */
interface Group {
  source: OpenedSource
  questions: Question[]
  /**
   * Where the next window of an arm begins: where the last one that this source answered ended, since another may have
   * answered up to another moment. It moves on when all that was asked about that arm is known.
   */
  begins: Record<Arm, Date>
}

interface Answer {
  group: Group
  question: Question
  asked: Window
  result: QueryResult
}

/** @throws InputError when a source needs a secret that was not handed over, or both arms would be asked the same */
export function createArmSampler(
  settings: SamplerSettings,
  ports: ProviderPorts,
): ArmSampler & SeriesExaminer {
  const { clock } = ports
  const groups = groupsOf(settings, ports)
  const lag = Math.max(...groups.map(({ source }) => source.lag))
  const resolution = Math.max(...groups.map(({ source }) => source.resolution))
  /** Sources that are ahead of the slowest: they may need a look of their own at the end of every window. */
  const ahead = groups.filter(({ source }) => source.lag < lag)
  const ask = async (asked: readonly Group[], to: Date, signal: AbortSignal): Promise<Answer[]> =>
    (await Promise.all(asked.map((group) => askGroup(group, to, signal)))).flat()

  return {
    lag,
    resolution,
    lookback: Math.min(...groups.map(({ source }) => source.lag)),
    examine: () => examineGroups(groups),
    async restart(signal, from = clock.now()) {
      for (const group of groups) group.begins = { baseline: from, canary: from }
      const answers = await ask(groups, from, signal)
      for (const arm of ARMS) moveOn(answersAbout(arm, answers))
    },
    async sample(signal) {
      const to = new Date(clock.now().getTime() - lag)
      const begins = groups.flatMap((group) => ARMS.map((arm) => group.begins[arm].getTime()))
      const shortest = to.getTime() - Math.max(...begins)
      if (shortest <= 0 || shortest < resolution) {
        await ask(ahead, to, signal)
        return undefined
      }
      const answers = await ask(groups, to, signal)
      const counters = answers.filter(({ question }) => isCount(question))
      // Only requests and errors make an arm unknown: what else gave no answer is a problem of its own.
      const levelled = !counters.some(isUnlevelled)
      const [baseline, canary] = ARMS.map((arm) => {
        const own = answersAbout(arm, answers)
        const read = readArm(own)
        if (read.sample) moveOn(own)
        return read
      })
      const window = covered(counters) ?? { from: new Date(Math.min(...begins)), to }
      return defined({
        at: window.to.toISOString(),
        windowMs: window.to.getTime() - window.from.getTime(),
        baseline: levelled ? baseline?.sample : undefined,
        canary: levelled ? canary?.sample : undefined,
        problems: [
          ...(baseline?.problems ?? []),
          ...(canary?.problems ?? []),
          ...(levelled ? [] : [NOT_LEVELLED]),
        ],
      })
    },
  }
}

const isCount = ({ metric }: Question): boolean => metric === 'requests' || metric === 'errors'

const NOT_LEVELLED: SampleProblem = {
  kind: 'stale',
  message: 'the counters could not be read when their window began; they count from the next sample on',
}

const answersAbout = (arm: Arm, answers: readonly Answer[]): Answer[] =>
  answers.filter(({ question }) => question.arm === arm)

/** The next window of each source begins where it has answered to. */
function moveOn(answers: readonly Answer[]): void {
  for (const [group, own] of Map.groupBy(answers, ({ group }) => group)) {
    const [first] = own
    const end = covered(own)?.to
    if (first && end) group.begins[first.question.arm] = end
  }
}

/** Each source once, with the questions that it answers: of both arms, unless its settings name the arm. */
function groupsOf(settings: SamplerSettings, ports: ProviderPorts): Group[] {
  const now = ports.clock.now()
  const questions = onceEach(ARMS.flatMap((arm) => questionsOf(arm, settings[arm])))
  mustTellArmsApart(questions)
  const named = Map.groupBy(
    questions,
    ({ asked, source }) => `${asked.source} ${JSON.stringify(source.written)}`,
  )
  return [...named.values()].flatMap((questions) => {
    const queries = questions.map(
      ({ name, kind, asked: { source: _, absent: __, unit: ___, 'report-only': ____, ...query } }) => ({
        name,
        kind,
        query,
      }),
    )
    const begins = { baseline: now, canary: now }
    return questions
      .slice(0, 1)
      .map(({ source }) => ({ source: source.open(ports, queries), questions, begins }))
  })
}

/** What the two arms ask of one source is examined together: each may know what the other has not had yet. */
function examineGroups(groups: readonly Group[]): NameFindings {
  const bySource = Map.groupBy(groups, ({ questions }) => questions[0]?.asked.source)
  const findings = [...bySource.values()].map((own) => {
    const inventories = own.map(({ source }) => source.inventory?.())
    if (inventories.includes(undefined)) return { refused: [], warnings: [] }
    return examineNames(
      own.flatMap(({ questions }, index) =>
        questions.flatMap((question) => askedOf(question, inventories[index])),
      ),
    )
  })
  return {
    refused: findings.flatMap(({ refused }) => refused),
    warnings: findings.flatMap(({ warnings }) => warnings),
  }
}

function askedOf(question: Question, held: Inventory | undefined): AskedSeries[] {
  const { arm, metric, name, asked } = question
  return (held?.named.get(name) ?? []).map((series) => ({
    ...series,
    arm,
    where: `metrics.${nameOf(question)}`,
    failures: metric === 'errors' || metric === 'failed',
    absentIsZero: asked.absent === 'zero',
    held,
  }))
}

const form = ({ asked, source }: Question): string => JSON.stringify([asked, source.written])

/** A value that both arms share is asked for as the canary's, whose limits it has. */
function onceEach(questions: readonly Question[]): Question[] {
  const ofCanary = new Set(
    questions.filter(({ arm }) => arm === 'canary').map((one) => `${nameOf(one)} ${form(one)}`),
  )
  return questions.filter(
    (one) => one.metric !== 'value' || one.arm === 'canary' || !ofCanary.has(`${nameOf(one)} ${form(one)}`),
  )
}

/** An arm that is compared with itself is never worse. @throws InputError naming each such query */
function mustTellArmsApart(questions: readonly Question[]): void {
  const same = questions.filter(
    (question) =>
      question.arm === 'canary' &&
      // What both arms share, as a pool of connections, has limits all the same.
      question.metric !== 'value' &&
      questions.some(
        (other) =>
          other.arm === 'baseline' && nameOf(other) === nameOf(question) && form(other) === form(question),
      ),
  )
  if (same.length > 0)
    throw new InputError(
      same.map((question) => ({ where: `metrics.${nameOf(question)}`, message: SAME_FOR_BOTH })),
    )
}

function nameOf({ metric, own }: Question): string {
  if (own === undefined) return metric
  return metric === 'value' ? `values.${own}` : `ratios.${own}.${metric}`
}

/** Why a query is refused that would ask the same of both arms. */
export const SAME_FOR_BOTH =
  'neither the query nor its source names ${arm}: both arms would be asked the same, and the canary compared with itself'

function questionsOf(
  arm: Arm,
  { sources, requests, errors, latency, ratios = {}, values = {} }: ArmQueries,
): Question[] {
  const question = (
    metric: Question['metric'],
    kind: QueryKind,
    asked: SourceQuery,
    own?: string,
  ): Question => {
    const source = sources[asked.source]
    if (!source) throw new InputError(`no metric source is named ${asked.source}`)
    const named = own === undefined ? metric : metric === 'value' ? own : `${own} ${metric}`
    return defined({ name: `${arm} ${named}`, arm, metric, kind, asked, own, source })
  }
  return [
    question('requests', 'counter', requests),
    question('errors', 'counter', errors),
    ...(latency ? [question('latency', 'histogram', latency)] : []),
    ...Object.entries(ratios).flatMap(([own, queries]) =>
      (['of', 'failed', 'succeeded'] as const).flatMap((metric) => {
        const asked = queries[metric]
        return asked ? [question(metric, 'counter', asked, own)] : []
      }),
    ),
    ...Object.entries(values).map(([value, asked]) => question('value', 'gauge', asked, value)),
  ]
}

/** One call, unless the arms' windows begin apart because something about one of them was not known. */
async function askGroup(group: Group, to: Date, signal: AbortSignal): Promise<Answer[]> {
  const { source, questions, begins } = group
  const calls = Map.groupBy(questions, ({ arm }) => begins[arm].getTime())
  const answers = await Promise.all(
    [...calls].map(async ([from, asked]) => {
      const window = { from: new Date(from), to }
      const results = await source.sample(
        asked.map(({ name }) => name),
        window,
        signal,
      )
      return asked.map((question, index): Answer => ({
        group,
        question,
        asked: window,
        result: results[index] ?? silent(window),
      }))
    }),
  )
  return answers.flat()
}

const silent = (window: Window): QueryResult => ({
  window,
  problem: { kind: 'provider', message: 'the source gave fewer answers than it was asked for' },
})

/** A counter whose level was not known when the window began: it has one only now. */
function isUnlevelled({ question, asked, result: { window, problem } }: Answer): boolean {
  return (
    question.kind !== 'gauge' && problem === undefined && window.from > asked.from && window.to <= window.from
  )
}

/** From the earliest beginning to the latest end of what was answered. */
function covered(answers: readonly Answer[]): Window | undefined {
  const known = answers.filter(({ result }) => isKnown(result)).map(({ result }) => result.window)
  if (known.length === 0) return undefined
  return {
    from: new Date(Math.min(...known.map(({ from }) => from.getTime()))),
    to: new Date(Math.max(...known.map(({ to }) => to.getTime()))),
  }
}

/** That there is no such series is an answer, too. */
const isKnown = ({ problem }: QueryResult): boolean => problem === undefined || problem.kind === 'absent'

/**
 * Absent requests mean no traffic; absent errors beside known requests mean none. Without either there is no sample.
 * Where some of the pages of an arm are away, the others speak for it, as long as the requests and the errors of a page
 * can be left out together; without any of its pages nothing is known of it.
 */
function readArm(answers: readonly Answer[]): { sample?: ArmSample; problems: SampleProblem[] } {
  const problems = answers.flatMap(problemsOf)
  const of = (metric: Question['metric']) => answers.filter(({ question }) => question.metric === metric)
  const { counts, problems: uncounted, leftOut } = readCounts([...of('requests'), ...of('errors')])
  if (!counts) return { problems: [...problems, ...uncounted] }
  const [total = 0, errors = 0] = counts
  const latency = of('latency').flatMap((answer) =>
    isUnlevelled(answer) ? [] : milliseconds(answer.question, answer.result.buckets),
  )[0]
  const values = of('value').flatMap(({ question: { own, asked }, result }) =>
    own === undefined || result.value === undefined || isPart(result)
      ? []
      : [[own, inOwnUnit(result.value, asked)] as const],
  )
  const ratios = [...Map.groupBy(answers, ({ question }) => ratioOf(question))].flatMap(([name, own]) =>
    name === undefined ? [] : [readRatio(name, own)],
  )
  const sample: ArmSample = defined({
    ...countsOf(total, errors),
    latency,
    ratios: gathered(ratios.flatMap(({ name, counts }) => (counts ? [[name, counts] as const] : []))),
    values: gathered(values),
    leftOut,
  })
  return { sample, problems: [...problems, ...uncounted, ...ratios.flatMap(({ problems }) => problems)] }
}

/** A value of some pages is not that of all of them. */
const isPart = ({ pages }: QueryResult): boolean => (pages?.missing.length ?? 0) > 0

/** That there is no such series yet is an answer of a counter; of a value it is none. */
function problemsOf(answer: Answer): SampleProblem[] {
  const { question, result } = answer
  const { problem } = result
  const { name, metric } = question
  const about = question.own ?? (metric === 'latency' ? metric : undefined)
  const wholly = metric === 'value' || (metric === 'latency' && problem?.kind === 'absent')
  if (wholly && isPart(result))
    return (result.pages?.missing ?? []).map(({ page, why }) =>
      defined({
        kind: 'provider' as const,
        message: `${name}: ${page} could not be read (${why})`,
        metric: about,
      }),
    )
  if (about !== undefined && isUnlevelled(answer))
    return [{ ...NOT_LEVELLED, message: `${name}: ${NOT_LEVELLED.message}`, metric: about }]
  if (!problem || (problem.kind === 'absent' && metric !== 'value')) return []
  return [
    defined({
      kind: problem.kind,
      message: `${name}: ${problem.message}`,
      metric: about,
    }),
  ]
}

/**
 * The increases of counters that go together; undefined where one of them is not known. Where some of their pages are away, the
 * others speak for them, as long as what all of them count on a page can be left out together.
 */
function readCounts(counters: readonly Answer[]): {
  counts?: number[]
  problems: SampleProblem[]
  leftOut?: string[] | undefined
} {
  const metric = counters[0]?.question.own
  if (!counters.every(({ result }) => isKnown(result))) return { problems: [] }
  const away = pagesAway(counters)
  const problem = (kind: SampleProblem['kind']) =>
    away.map(({ message }) => defined({ kind, message, metric }))
  if (away.length > 0 && !canBeLeftOut(counters)) return { problems: problem('provider') }
  return {
    counts: counters.map(({ result }) => result.value ?? 0),
    problems: problem('partial'),
    leftOut: away.length > 0 ? away.map(({ page }) => page) : undefined,
  }
}

/** Counters of several pages are not read at the very same instant: an error may be there before its request. */
const countsOf = (all: number, errors: number): Counts => ({ requests: Math.max(all, errors), errors })

const ratioOf = ({ metric, own }: Question): string | undefined => (metric === 'value' ? undefined : own)

function readRatio(
  name: string,
  answers: readonly Answer[],
): { name: string; counts?: Counts; problems: SampleProblem[] } {
  const part = answers.find(({ question }) => question.metric !== 'of')
  const of = answers.find(({ question }) => question.metric === 'of')
  if (!of || !part) return { name, problems: [] }
  // One of them was away, and tells of more time with its next answer than the other.
  if (!sameWindow(of.result.window, part.result.window))
    return {
      name,
      problems: [
        {
          kind: 'stale',
          metric: name,
          message: `${of.question.arm} ${name}: its counters tell of different windows, and count from the next sample on`,
        },
      ],
    }
  const { counts, problems } = readCounts([of, part])
  if (!counts || [of, part].some(isUnlevelled)) return { name, problems }
  const [all = 0, counted = 0] = counts
  const failed = part.question.metric === 'succeeded' ? Math.max(0, all - counted) : counted
  return { name, counts: countsOf(all, failed), problems }
}

const sameWindow = (one: Window, other: Window): boolean =>
  one.from.getTime() === other.from.getTime() && one.to.getTime() === other.to.getTime()

const gathered = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> | undefined =>
  entries.length > 0 ? Object.fromEntries(entries) : undefined

/** A share of 0 to 1, milliseconds, or a number. */
function inOwnUnit(value: number, { unit }: SourceQuery): number {
  if (unit === 'percent') return value / 100
  return unit === 's' ? value * 1000 : value
}

const milliseconds = ({ asked: { unit = 's' } }: Question, buckets: Bucket[] | undefined): Bucket[][] =>
  buckets ? [buckets.map(({ le, count }) => ({ le: unit === 's' ? le * 1000 : le, count }))] : []

/** The pages whose counts an arm lacks, each once; where no page at all shows its requests, any may be one of them. */
function pagesAway(counters: readonly Answer[]): { page: string; message: string }[] {
  const missing = counters.flatMap(({ question: { arm, metric }, result: { pages, problem } }) =>
    (pages?.missing ?? [])
      .filter(
        ({ page }) =>
          pages?.of.includes(page) || ((metric === 'requests' || metric === 'of') && problem !== undefined),
      )
      .map(({ page, why }) => ({ page, message: `${arm}: what ${page} counts is left out (${why})` })),
  )
  return [...new Map(missing.map((one) => [one.page, one])).values()]
}

/**
 * Errors are left out with their requests, and a part with all of which it is one, only where both are counted on the same pages;
 * and what is left must be something: an arm of which no page is read may have any number of requests.
 */
function canBeLeftOut(counters: readonly Answer[]): boolean {
  const [all, part] = counters
  if (!all || !part || all.result.problem || all.group !== part.group) return false
  const counted = all.result.pages?.of ?? []
  return (part.result.pages?.of ?? []).every((page) => counted.includes(page))
}
