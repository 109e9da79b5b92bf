import { defined } from '@deploy-actions/rollout'
import type { GitHub } from './ports'

const PAGE = 100

/** Reads pages of 100, each by a request of its own, until one is not full or `limit` items are there. */
export const pagesOf =
  (request: GitHub['request']): GitHub['list'] =>
  async <T>(
    route: string,
    parameters: Record<string, unknown> = {},
    {
      permission,
      limit = 1_000,
      pick,
      patienceMs,
      ifChanged,
    }: {
      permission?: string
      limit?: number
      pick?: string
      patienceMs?: number
      ifChanged?: boolean
    } = {},
  ) => {
    const items: T[] = []
    for (let page = 1; items.length < limit; page++) {
      const data = await request<T[] | Record<string, T[]>>(
        route,
        { ...parameters, per_page: Math.min(PAGE, limit), page },
        defined({ permission, patienceMs, ifChanged }),
      )
      const found = Array.isArray(data) ? data : ((pick === undefined ? undefined : data[pick]) ?? [])
      items.push(...found)
      if (found.length < Math.min(PAGE, limit)) break
    }
    return items.slice(0, limit)
  }
