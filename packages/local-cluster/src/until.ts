import { setTimeout as sleep } from 'node:timers/promises'

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
