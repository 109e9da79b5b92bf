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
type Windows = Record<Arm, Window>

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

interface Answer {
  question: Question
  result: QueryResult
}

/** A source and the questions of both arms that it answers. */
interface Group {
  source: OpenedSource
  questions: Question[]
}

/** @throws InputError when a source needs a secret that was not handed over */
export function createArmSampler(settings: SamplerSettings, ports: ProviderPorts): ArmSampler {
  const { clock } = ports
  const groups = groupsOf(settings, ports)
  const lag = Math.max(...groups.map(({ source }) => source.lag))
  const resolution = Math.max(...groups.map(({ source }) => source.resolution))
  /** Sources that are ahead of the slowest: they may need a look of their own at the end of every window. */
  const ahead = groups.filter(({ source }) => source.lag < lag)
  /** Where the next window of an arm begins: it moves on when all that was asked about that arm is known. */
  const begins: Record<Arm, Date> = { baseline: clock.now(), canary: clock.now() }

  const ask = async (asked: readonly Group[], to: Date, signal: AbortSignal): Promise<Answer[]> => {
    const windows = { baseline: { from: begins.baseline, to }, canary: { from: begins.canary, to } }
    return (await Promise.all(asked.map((group) => askGroup(group, windows, signal)))).flat()
  }

  return {
    lag,
    resolution,
    lookback: Math.min(...groups.map(({ source }) => source.lag)),
    async restart(signal, from = clock.now()) {
      for (const arm of ARMS) begins[arm] = from
      await ask(groups, from, signal)
    },
    async sample(signal) {
      const to = new Date(clock.now().getTime() - lag)
      const shortest = Math.min(...ARMS.map((arm) => to.getTime() - begins[arm].getTime()))
      if (shortest <= 0 || shortest < resolution) {
        await ask(ahead, to, signal)
        return undefined
      }
      const answers = await ask(groups, to, signal)
      const levelled = !answers.some(isUnlevelled)
      const [baseline, canary] = ARMS.map((arm) => {
        const read = readArm(answers.filter(({ question }) => question.arm === arm))
        if (read.end) begins[arm] = read.end
        return read
      })
      const window = covered(answers) ?? { from: new Date(to.getTime() - shortest), to }
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
  message: 'the counters could not be read when the weights changed; they count from the next sample on',
}

/** Each source once, with the questions of both arms that it answers. */
function groupsOf(settings: SamplerSettings, ports: ProviderPorts): Group[] {
  const questions = ARMS.flatMap((arm) => questionsOf(arm, settings[arm]))
  const named = Map.groupBy(questions, ({ asked }) => asked.source)
  return [...named].map(([name, questions]) => {
    const configured = settings.sources[name]
    if (!configured) throw new InputError(`no metric source is named ${name}`)
    const queries = questions.map(({ name, kind, asked: { source: _, ...query } }) => ({ name, kind, query }))
    return { source: configured.open(ports, queries), questions }
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
async function askGroup(
  { source, questions }: Group,
  windows: Windows,
  signal: AbortSignal,
): Promise<Answer[]> {
  const calls = Map.groupBy(questions, ({ arm }) => windows[arm].from.getTime())
  const answers = await Promise.all(
    [...calls.values()].map(async (asked) => {
      const window = windows[asked[0]?.arm ?? 'canary']
      const results = await source.sample(
        asked.map(({ name }) => name),
        window,
        signal,
      )
      return asked.map((question, index): Answer => ({ question, result: results[index] ?? silent(window) }))
    }),
  )
  return answers.flat()
}

const silent = (window: Window): QueryResult => ({
  window,
  problem: { kind: 'provider', message: 'the source gave fewer answers than it was asked for' },
})

/** A counter whose level was not known when the window began. */
function isUnlevelled({ question, result }: Answer): boolean {
  return (
    question.kind !== 'gauge' &&
    result.problem === undefined &&
    result.window.to.getTime() <= result.window.from.getTime()
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
 * Absent requests mean no traffic; absent errors beside known requests mean none. Without either there is no sample of
 * the arm, and its next window begins where this one did (`end` is not given).
 */
function readArm(answers: readonly Answer[]): { sample?: ArmSample; end?: Date; problems: SampleProblem[] } {
  const problems = answers.flatMap(({ question, result: { problem } }) =>
    problem && problem.kind !== 'absent'
      ? [{ kind: problem.kind, message: `${question.name}: ${problem.message}` }]
      : [],
  )
  const of = (metric: Question['metric']) => answers.filter(({ question }) => question.metric === metric)
  const counters = [...of('requests'), ...of('errors')]
  const end = covered(counters)?.to
  if (!end || !counters.every(({ result }) => isKnown(result))) return { problems }
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
  return { sample, end, problems }
}
