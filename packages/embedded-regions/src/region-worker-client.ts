import { Worker } from 'node:worker_threads'
import type { RegionCalls } from './region-host'
import type { WorkerReply } from './region-worker'

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * Starts the worker thread of a world and gives its calls.
 *
 * @param url the worker's file: JavaScript of a bundle, or TypeScript source, which is run through tsx
 */
export function startRegionWorker(url: URL): RegionCalls {
  const worker = new Worker(url, sourceOptions(url))
  const pending = new Map<number, Pending>()
  let calls = 0
  let gone: Error | undefined

  worker.on('message', (reply: WorkerReply) => {
    const call = pending.get(reply.id)
    pending.delete(reply.id)
    if ('error' in reply) call?.reject(new Error(reply.error))
    else call?.resolve(reply.value)
  })
  const end = (error: Error) => {
    gone ??= error
    for (const call of pending.values()) call.reject(gone)
    pending.clear()
  }
  worker.on('error', (error) => end(new Error('the embedded regions broke down', { cause: error })))
  worker.on('exit', () => end(new Error('the embedded regions are closed')))

  const call = <Method extends keyof RegionCalls>(
    method: Method,
    ...args: Parameters<RegionCalls[Method]>
  ): Promise<Awaited<ReturnType<RegionCalls[Method]>>> =>
    new Promise((resolve, reject: (error: Error) => void) => {
      if (gone !== undefined) return reject(gone)
      calls += 1
      // The worker runs the same method: what it answers is of its type.
      pending.set(calls, { resolve, reject })
      worker.postMessage({ id: calls, method, args })
    })
  return {
    open: (plan) => call('open', plan),
    count: () => call('count'),
    save: () => call('save'),
    setFaults: (region, faults) => call('setFaults', region, faults),
    setLoad: (region, load) => call('setLoad', region, load),
    setShares: (weights) => call('setShares', weights),
    follow: (region, held) => call('follow', region, held),
    resetBaseline: () => call('resetBaseline'),
    close: () => call('close').finally(() => worker.terminate()),
  }
}

/** A process that runs under tsx hands it on to its workers; any other (jest) must be told. */
function sourceOptions(url: URL): { execArgv?: string[] } {
  const handedOn = process.execArgv.some((argument) => argument.includes('tsx'))
  return url.pathname.endsWith('.ts') && !handedOn ? { execArgv: ['--import', 'tsx'] } : {}
}
