/** Counts the seconds in which more than half of the requests that ended had failed. */
export class FailingSeconds {
  #second = 0
  #requests = 0
  #failed = 0
  #before = 0

  /** @param secondMs real milliseconds of a second */
  constructor(private readonly secondMs: number) {}

  /** Seconds so far, the one that goes on included. */
  get count(): number {
    return this.#before + (this.#isFailing() ? 1 : 0)
  }

  /** @param now real milliseconds, never going back */
  add(now: number, failed: boolean): void {
    const second = Math.floor(now / this.secondMs)
    if (second !== this.#second) {
      this.#before = this.count
      this.#second = second
      this.#requests = 0
      this.#failed = 0
    }
    this.#requests += 1
    if (failed) this.#failed += 1
  }

  #isFailing(): boolean {
    return this.#failed * 2 > this.#requests
  }
}
