import type { IncomingHttpHeaders } from 'node:http'

/** One request, read whole. */
export interface HttpCall {
  method: string
  /** Encoded as it came, without the query. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** Id of the job whose token came with it, once that is known. */
  job?: number
}

/** What is sent back: a Buffer as it is, text as text, anything else as JSON. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: unknown
}

/** One part of the emulator: everything below a path. */
export type Door = (call: HttpCall) => Answer | Promise<Answer>

/** A request is refused, with the words of the service that refuses it. */
export class Refusal extends Error {
  constructor(readonly answer: Answer) {
    super(`refused with ${answer.status}`)
  }
}

/** The token of `Authorization: Bearer TOKEN` or `Authorization: token TOKEN`. */
export function tokenOf({ headers }: HttpCall): string | undefined {
  return /^(?:bearer|token) (.+)$/i.exec(headers.authorization ?? '')?.[1]
}
