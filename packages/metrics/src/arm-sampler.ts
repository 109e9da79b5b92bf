import { InputError, type ProviderPorts } from '@deploy-actions/action-kit'
import type { ArmSample, Sample, SampleProblem } from '@deploy-actions/analysis'
import { defined } from '@deploy-actions/rollout'
import type { ConfiguredSource, OpenedSource, QueryKind, QueryResult, SourceTiming, Window } from './source'

/** A query as it stands in a config, variables filled: the source that answers it, and what that source is asked. */
export interface SourceQuery {
  source: string
  [option: string]: unknown
}

/** The queries of one arm. */
export interface ArmQueries {
  /** counter of its requests */
  requests: SourceQuery
  /** counter of those that failed */
  errors: SourceQuery
  /** histogram of how long they took */
  latency?: SourceQuery
  /** gauges, by name */
  values?: Record<string, SourceQuery>
}

/** What is sampled: the named sources and the queries of both arms. */
export interface SamplerSettings {
  sources: Record<string, ConfiguredSource>
  baseline: ArmQueries
  canary: ArmQueries
}

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

const ARMS = ['baseline', 'canary'] as const
type Arm = (typeof ARMS)[number]

/** One query of one arm. */
interface Question {
  name: string
  arm: Arm
  metric: 'requests' | 'errors' | 'latency' | 'value'
  kind: QueryKind
  asked: SourceQuery
  /** of a value: its name in the config */
  value?: string
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

/** @throws InputError when a source needs a secret that was not handed over */
export function createArmSampler(settings: SamplerSettings, ports: ProviderPorts): ArmSampler {
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
      const levelled = !answers.some(isUnlevelled)
      const [baseline, canary] = ARMS.map((arm) => {
        const own = answersAbout(arm, answers)
        const read = readArm(own)
        if (read.sample) moveOn(own)
        return read
      })
      const window = covered(answers) ?? { from: new Date(Math.min(...begins)), to }
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

/** Each source once, with the questions of both arms that it answers. */
function groupsOf(settings: SamplerSettings, ports: ProviderPorts): Group[] {
  const now = ports.clock.now()
  const questions = ARMS.flatMap((arm) => questionsOf(arm, settings[arm]))
  const named = Map.groupBy(questions, ({ asked }) => asked.source)
  return [...named].map(([name, questions]) => {
    const configured = settings.sources[name]
    if (!configured) throw new InputError(`no metric source is named ${name}`)
    const queries = questions.map(({ name, kind, asked: { source: _, ...query } }) => ({ name, kind, query }))
    return { source: configured.open(ports, queries), questions, begins: { baseline: now, canary: now } }
  })
}

function questionsOf(arm: Arm, { requests, errors, latency, values = {} }: ArmQueries): Question[] {
  return [
    { name: `${arm} requests`, arm, metric: 'requests', kind: 'counter', asked: requests },
    { name: `${arm} errors`, arm, metric: 'errors', kind: 'counter', asked: errors },
    ...(latency
      ? [{ name: `${arm} latency`, arm, metric: 'latency', kind: 'histogram', asked: latency } as const]
      : []),
    ...Object.entries(values).map(([value, asked]): Question => ({
      name: `${arm} ${value}`,
      arm,
      metric: 'value',
      kind: 'gauge',
      asked,
      value,
    })),
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

/** Absent requests mean no traffic; absent errors beside known requests mean none. Without either there is no sample. */
function readArm(answers: readonly Answer[]): { sample?: ArmSample; problems: SampleProblem[] } {
  const problems = answers.flatMap(({ question, result: { problem } }) =>
    problem && problem.kind !== 'absent'
      ? [{ kind: problem.kind, message: `${question.name}: ${problem.message}` }]
      : [],
  )
  const of = (metric: Question['metric']) => answers.filter(({ question }) => question.metric === metric)
  const counters = [...of('requests'), ...of('errors')]
  if (!counters.every(({ result }) => isKnown(result))) return { problems }
  const [requests = 0, errors = 0] = counters.map(({ result }) => result.value ?? 0)
  const latency = of('latency')[0]?.result.buckets
  const values = of('value').flatMap(({ question, result }) =>
    question.value === undefined || result.value === undefined
      ? []
      : [[question.value, result.value] as const],
  )
  // Counters of several pages are not read at the very same instant: an error may be there before its request.
  const sample: ArmSample = defined({
    requests: Math.max(requests, errors),
    errors,
    latency,
    values: values.length > 0 ? Object.fromEntries(values) : undefined,
  })
  return { sample, problems }
}
