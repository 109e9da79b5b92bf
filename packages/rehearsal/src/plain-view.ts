import { describeVerdict, describeWeights, type View } from './view'

/** A line per job, verdict and change of weights: for logs and pipes. */
export function plainView(write: (text: string) => void): View {
  const started = Date.now()
  const last = new Map<string, string>()
  const line = (text: string): void =>
    write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)}s  ${text}\n`)
  const onceChanged = (what: string, value: string, text: string): void => {
    if (last.get(what) === value) return
    last.set(what, value)
    line(text)
  }
  return {
    say: line,
    event(event) {
      if (event.type === 'job') {
        const { name, status, conclusion } = event.job
        if (status !== 'queued' && conclusion !== 'skipped')
          onceChanged(`job ${name}`, status, `${name}: ${conclusion ?? status}`)
      }
      if (event.type === 'annotation' && event.annotation.level !== 'notice')
        line(`${event.job?.name ?? 'run'}: ${event.annotation.level}: ${event.annotation.message}`)
    },
    progress: (job, event) => line(`${job.name}: ${describeVerdict(event)}`),
    look(_, readings) {
      for (const [region, { weights }] of Object.entries(readings)) {
        const text = describeWeights(weights)
        onceChanged(`weights ${region}`, text, `${region}: ${text}`)
      }
    },
    end: () => undefined,
  }
}
