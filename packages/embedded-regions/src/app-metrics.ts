import { metricFamily } from './metrics-page'

/** Upper bounds in seconds: the default buckets of Prometheus' client libraries. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What one version of the app counts; a new version starts at zero, as a new process would. */
export class AppMetrics {
  /** The codes an app answers with are there from the first scrape on. */
  readonly #codes = new Map<number, number>([
    [200, 0],
    [500, 0],
  ])
  readonly #buckets = new Array<number>(BOUNDS.length).fill(0)
  #count = 0
  #seconds = 0

  constructor(private readonly arm: string) {}

  count(code: number, seconds: number): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count += 1
    this.#seconds += seconds
  }

  /** The page in Prometheus' text format. */
  page(): string {
    const arm = `arm="${this.arm}"`
    const requests = [...this.#codes].map(([code, n]): [string, number] => [`code="${code}",${arm}`, n])
    return (
      metricFamily('http_requests_total', 'counter', 'Requests answered.', requests) +
      this.#histogram('http_request_duration_seconds', arm)
    )
  }

  #histogram(name: string, arm: string): string {
    let below = 0
    const buckets = BOUNDS.map((bound, index) => {
      below += this.#buckets[index] ?? 0
      return `${name}_bucket{${arm},le="${bound}"} ${below}`
    })
    return [
      `# HELP ${name} Time to answer a request.`,
      `# TYPE ${name} histogram`,
      ...buckets,
      `${name}_bucket{${arm},le="+Inf"} ${this.#count}`,
      `${name}_sum{${arm}} ${this.#seconds}`,
      `${name}_count{${arm}} ${this.#count}`,
      '',
    ].join('\n')
  }
}
