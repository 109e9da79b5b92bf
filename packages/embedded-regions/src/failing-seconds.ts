interface Second {
  requests: number
  failed: number
}

/** Counts the seconds in which more than half of the requests that were sent in them failed, whenever they ended. */
export class FailingSeconds {
  readonly #seconds = new Map<number, Second>()
  #count = 0

  /** @param secondMs real milliseconds of a second */
  constructor(private readonly secondMs: number) {}

  get count(): number {
    return this.#count
  }

  /** @param sentAt real milliseconds */
  add(sentAt: number, failed: boolean): void {
    const index = Math.floor(sentAt / this.secondMs)
    const second = this.#seconds.get(index) ?? { requests: 0, failed: 0 }
    this.#seconds.set(index, second)
    const before = isFailing(second)
    second.requests += 1
    if (failed) second.failed += 1
    this.#count += Number(isFailing(second)) - Number(before)
  }
}

const isFailing = ({ requests, failed }: Second): boolean => failed * 2 > requests
