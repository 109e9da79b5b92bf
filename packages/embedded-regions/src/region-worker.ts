import { parentPort } from 'node:worker_threads'
import { RegionHost, type RegionCalls } from './region-host'

/** A call on its way to the worker; the answer carries the same `id`. */
type WorkerCall = {
  [Method in keyof RegionCalls]: { id: number; method: Method; args: Parameters<RegionCalls[Method]> }
}[keyof RegionCalls]

/** What came of a call. */
export type WorkerReply = { id: number; value: unknown } | { id: number; error: string }

/** The worker thread of a world: its starter terminates it, and it never outlives its process. */
if (parentPort === null) throw new Error('region-worker only runs as a worker thread; openWorld starts it')
const port = parentPort
const host = new RegionHost()

port.on('message', (call: WorkerCall) => {
  void run(call).then((reply) => port.postMessage(reply))
})

async function run(call: WorkerCall): Promise<WorkerReply> {
  try {
    const method = host[call.method] as (...args: unknown[]) => Promise<unknown>
    return { id: call.id, value: await method.apply(host, call.args) }
  } catch (error) {
    return { id: call.id, error: error instanceof Error ? error.message : String(error) }
  }
}
