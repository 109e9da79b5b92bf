import type { RegionHost } from './region-host'

/** What a world asks of its regions, wherever they live. */
export type RegionCalls = Pick<RegionHost, keyof RegionHost>

/** A call on its way to the worker; the answer carries the same `id`. */
export type WorkerCall = {
  [Method in keyof RegionCalls]: { id: number; method: Method; args: Parameters<RegionCalls[Method]> }
}[keyof RegionCalls]

/** What came of a call. */
export type WorkerReply = { id: number; value: unknown } | { id: number; error: string }
