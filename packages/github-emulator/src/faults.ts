import type { Answer, HttpCall } from './http-call'

/** What a fault looks at: a request before it is answered. */
type FaultyRequest = Pick<HttpCall, 'method' | 'path' | 'query' | 'body'>

/**
 * What goes wrong: `refuse` cuts the connection before anything was done, `drop` after it was done, `500` does nothing
 * and says so, `slow` waits first, `lie` does it and answers something else, `forge` does nothing and answers as if it had.
 */
type Wrong =
  | { then: 'refuse' | 'drop' | '500' }
  | { then: 'slow'; /** Real milliseconds; default 3000. */ ms?: number }
  | { then: 'lie'; answer(truth: Answer): Answer }
  | { then: 'forge'; answer: Answer }

/** A fault that strikes matching requests. */
export type Fault = Wrong & {
  match(request: FaultyRequest): boolean
  /** How many requests it strikes; default 1. */
  times?: number
}

/** The faults that are yet to strike, in the order they were asked for. */
export class Faults {
  #waiting: { fault: Fault; left: number }[] = []

  /** Ends the fault */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? 1 }
    this.#waiting.push(entry)
    return () => void (this.#waiting = this.#waiting.filter((one) => one !== entry))
  }

  /** The fault that strikes this request; it is used up by that. */
  strike(request: FaultyRequest): Fault | undefined {
    const entry = this.#waiting.find(({ fault, left }) => left > 0 && fault.match(request))
    if (entry) entry.left--
    return entry?.fault
  }
}
