import { Refusal } from './http-call'

const HOUR_MS = 3_600_000

/** Calls per hour of the shared clock, counted as GitHub counts those of GITHUB_TOKEN. */
export class RateLimit {
  #used = 0
  #resetMs = 0

  constructor(
    private readonly limit: number,
    private readonly now: () => Date,
  ) {}

  /** Nothing is left any more until that moment, as if others had used it up. */
  useUp(until: Date): void {
    this.#used = this.limit
    this.#resetMs = until.getTime()
  }

  /** The call that was counted last was none that counts. */
  giveBack(): void {
    this.#used--
  }

  /**
   * Counts a call.
   * @returns the headers that tell what is left
   * @throws Refusal with 403 when nothing is left
   */
  take(documentation: string): Record<string, string> {
    const now = this.now().getTime()
    if (now >= this.#resetMs) {
      this.#used = 0
      this.#resetMs = now + HOUR_MS
    }
    this.#used++
    const headers = {
      'x-ratelimit-limit': String(this.limit),
      'x-ratelimit-remaining': String(Math.max(0, this.limit - this.#used)),
      'x-ratelimit-used': String(Math.min(this.#used, this.limit)),
      'x-ratelimit-reset': String(Math.ceil(this.#resetMs / 1000)),
      'x-ratelimit-resource': 'core',
    }
    if (this.#used <= this.limit) return headers
    const body = {
      message: 'API rate limit exceeded for installation.',
      documentation_url: documentation,
      status: '403',
    }
    throw new Refusal({ status: 403, headers, body })
  }
}
