import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'

/** Ports of the loopback that nobody listened on a moment ago, by what they are for. */
export async function freePorts<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
  const servers = await Promise.all(names.map(() => listenOnLoopback(createServer())))
  await Promise.all(servers.map((server) => server.close()))
  return Object.fromEntries(names.map((name, index) => [name, servers[index]?.port])) as Record<Name, number>
}

/** Tries again every 50 ms, `times` in all; default five seconds' worth. @throws what the last try threw */
export async function until<T>(attempt: () => Promise<T>, times = 100): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === times) throw error
      await sleep(50)
    }
  }
}
