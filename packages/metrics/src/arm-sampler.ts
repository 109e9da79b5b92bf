import type { Clock } from '@deploy-actions/action-kit'
import type { ArmSample, Sample, SampleProblem } from '@deploy-actions/analysis'
import { openSource, type SourceSettings } from './registry'
import type { MetricSource, Query, QueryResult, SourcePorts } from './source'

/** The queries of one arm, variables filled: what counts its requests and its errors. */
export interface ArmQueries {
  requests: { source: string; [option: string]: unknown }
  errors: { source: string; [option: string]: unknown }
}

/** What is sampled: the named sources and the queries of both arms. */
export interface SamplerSettings {
  sources: Record<string, SourceSettings>
  baseline: ArmQueries
  canary: ArmQueries
}

/** Takes samples of both arms; a sample holds what happened since the one before. */
export interface ArmSampler {
  /** Forgets what happened until now, so that no window reaches back over a change of weights. */
  restart(signal: AbortSignal): Promise<void>
  sample(signal: AbortSignal): Promise<Sample>
}

const questions = ['baseline requests', 'baseline errors', 'canary requests', 'canary errors'] as const
type Question = (typeof questions)[number]

export async function createArmSampler(
  settings: SamplerSettings,
  ports: SourcePorts & { clock: Clock },
): Promise<ArmSampler> {
  const asked = new Map<string, Query[]>()
  for (const name of questions) {
    const [arm, kind] = name.split(' ') as ['baseline' | 'canary', 'requests' | 'errors']
    const { source, ...query } = settings[arm][kind]
    asked.set(source, [...(asked.get(source) ?? []), { name, query }])
  }
  const opened = new Map<string, MetricSource>()
  for (const name of asked.keys())
    opened.set(name, await openSource(settings.sources[name] as SourceSettings, ports))
  let last = ports.clock.now()

  /** All queries of a sample go out at one instant. */
  const ask = async (signal: AbortSignal): Promise<Map<Question, QueryResult>> => {
    const answers = new Map<Question, QueryResult>()
    await Promise.all(
      [...asked].map(async ([name, queries]) => {
        const results = await (opened.get(name) as MetricSource).sample(queries, signal)
        queries.forEach((query, index) => answers.set(query.name as Question, results[index] as QueryResult))
      }),
    )
    return answers
  }

  /** False after a look whose levels are not known: what the next one counts reaches back too far. */
  let levelled = false

  return {
    async restart(signal) {
      levelled = allAnswered(await ask(signal))
      last = ports.clock.now()
    },
    async sample(signal) {
      const answers = await ask(signal)
      const at = ports.clock.now()
      const windowMs = at.getTime() - last.getTime()
      last = at
      const problems: SampleProblem[] = []
      const baseline = armSample('baseline', answers, problems)
      const canary = armSample('canary', answers, problems)
      const about = { at: at.toISOString(), windowMs }
      if (levelled)
        return { ...about, ...(baseline ? { baseline } : {}), ...(canary ? { canary } : {}), problems }
      levelled = allAnswered(answers)
      return { ...about, problems: [...problems, NOT_LEVELLED] }
    },
  }
}

const NOT_LEVELLED: SampleProblem = {
  kind: 'stale',
  message: 'the counters could not be read when the weights changed; they count from the next sample on',
}

/** Every query was answered, be it by the word that there is no such series. */
function allAnswered(answers: ReadonlyMap<Question, QueryResult>): boolean {
  return [...answers.values()].every(({ problem }) => problem === undefined || problem.kind === 'absent')
}

/** Absent requests mean no traffic; absent errors beside known requests mean none. Anything else is not known. */
function armSample(
  arm: 'baseline' | 'canary',
  answers: Map<Question, QueryResult>,
  problems: SampleProblem[],
): ArmSample | undefined {
  const count = (kind: 'requests' | 'errors'): number | undefined => {
    const answer = answers.get(`${arm} ${kind}`) as QueryResult
    if (!answer.problem) return answer.value
    if (answer.problem.kind === 'absent') return 0
    problems.push({ kind: answer.problem.kind, message: `${arm} ${kind}: ${answer.problem.message}` })
    return undefined
  }
  const [requests, errors] = [count('requests'), count('errors')]
  if (requests === undefined || errors === undefined) return undefined
  // Counters of several pages are not read at the very same instant: an error may be there before its request.
  return { requests: Math.max(requests, errors), errors }
}
