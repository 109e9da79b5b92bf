import { setTimeout as sleep } from 'node:timers/promises'
import { classOf, writesToRouter, type Call } from './call'

/** What goes wrong with one call; each strikes once. */
export const kinds = [
  'kill-before',
  'kill-after',
  'interrupt',
  'refused',
  'slow',
  'limited',
  'error',
  'garbage',
  'lost',
  'unapplied',
] as const
export type Kind = (typeof kinds)[number]

/** Longer than any limit of a single call: none is below 2 s, however fast the clock. */
const SLOW_MS = 2_500
/** As GitHub's runner ends a step: SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL (Runner.Sdk, ProcessInvoker). */
const TERMINATE_AFTER_MS = 7_500
/** A signal has come by then to a process that waits. */
const SIGNALLED_WITHIN_MS = 100
const KILL_AFTER_MS = 2_500

/** One call as its tap can carry it out or spoil it. */
export interface Exchange<A> {
  carryOut(): Promise<A>
  /** answers of a system in trouble, as far as it has a way to give them */
  troubled: Partial<Record<Kind, A>>
}

/** Which call is struck, by its class and its place in it, and how. */
export interface Strike {
  callClass: string
  /** from 1 */
  nth: number
  kind: Kind
}

/** Every external call of a step goes through here: it is counted, and one of them is struck. */
export class Switchboard {
  calls: Call[] = []
  /** what each call was answered, in the order of `calls` */
  #answers: unknown[] = []
  #strike: Strike | undefined
  #forged: unknown
  #signal: (signal: NodeJS.Signals) => void = () => {}
  /** which of the calls it was, once it was reached */
  #struckAt: number | undefined
  /** the process was killed by us: at once, or as nothing else had ended it */
  killed = false

  /** From now on calls are counted anew. @param forged what `unapplied` answers */
  arm(strike?: Strike, forged?: unknown): void {
    this.calls = []
    this.#answers = []
    this.#struckAt = undefined
    this.killed = false
    this.#strike = strike
    this.#forged = forged
  }

  /** Nothing more is struck; a process that is to end goes on ending. */
  disarm(): void {
    this.#strike = undefined
  }

  /** The call was reached. */
  get struck(): boolean {
    return this.#struckAt !== undefined
  }

  /** What was asked after the struck call. */
  get callsAfter(): readonly Call[] {
    return this.#struckAt === undefined ? [] : this.calls.slice(this.#struckAt + 1)
  }

  /** How the process of the step is signalled from now on. */
  attach(signal: (signal: NodeJS.Signals) => void): void {
    this.#signal = signal
  }

  detach(): void {
    this.#signal = () => {}
  }

  /** How many calls of a class have come. */
  timesOf(callClass: string): number {
    return this.calls.filter((call) => classOf(call) === callClass).length
  }

  /** What the nth call of a class was answered. */
  answerOf(callClass: string, nth: number): unknown {
    const index = this.calls.flatMap((call, at) => (classOf(call) === callClass ? [at] : []))[nth - 1]
    return index === undefined ? undefined : this.#answers[index]
  }

  /** @returns undefined when the connection is to be cut */
  async pass<A>(call: Omit<Call, 'phase'>, exchange: Exchange<A>): Promise<A | undefined> {
    const moved = this.calls.some(writesToRouter)
    const counted: Call = { ...call, phase: moved ? 'moved' : 'untouched' }
    const index = this.calls.push(counted) - 1
    if (this.killed) return undefined
    const kind = this.#isStruck(counted) ? this.#strike?.kind : undefined
    if (kind) this.#struckAt = index
    const answer = kind ? await this.#spoil(kind, exchange) : await exchange.carryOut()
    this.#answers[index] = answer
    return answer
  }

  #isStruck(call: Call): boolean {
    const strike = this.#strike
    if (!strike || this.struck || classOf(call) !== strike.callClass) return false
    return this.timesOf(strike.callClass) === strike.nth
  }

  async #spoil<A>(kind: Kind, exchange: Exchange<A>): Promise<A | undefined> {
    switch (kind) {
      case 'kill-before':
        return this.#kill()
      case 'kill-after':
        await exchange.carryOut()
        return this.#kill()
      case 'interrupt':
        this.#interrupt()
        await sleep(SIGNALLED_WITHIN_MS)
        return exchange.carryOut()
      case 'refused':
        return undefined
      case 'slow': {
        const answer = await exchange.carryOut()
        await sleep(SLOW_MS)
        return answer
      }
      case 'lost':
        await exchange.carryOut()
        return undefined
      case 'unapplied':
        return this.#forged as A
      case 'limited':
      case 'error':
      case 'garbage':
        return exchange.troubled[kind]
    }
  }

  #kill(): undefined {
    this.killed = true
    this.#signal('SIGKILL')
  }

  #interrupt(): void {
    // To this process alone: the next one of the job may run by then.
    const signal = this.#signal
    const isOver = (): boolean => this.#signal !== signal
    signal('SIGINT')
    setTimeout(() => {
      if (isOver()) return
      signal('SIGTERM')
      setTimeout(() => {
        if (isOver()) return
        this.killed = true
        signal('SIGKILL')
      }, KILL_AFTER_MS).unref()
    }, TERMINATE_AFTER_MS).unref()
  }
}
