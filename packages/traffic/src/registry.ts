import type { z } from 'zod'
import type { RouterPorts, TrafficRouter } from './router'

/** What a router's file exports. */
export interface RouterProvider {
  options: z.ZodType
  create(settings: never, ports: RouterPorts, arms: readonly string[]): TrafficRouter
}

/** Every router by its `type`. A new one is one file and one line here. */
export const routers = {
  haproxy: () => import('./haproxy'),
} satisfies Record<string, () => Promise<RouterProvider>>

/** Settings of a router as they stand in a config: its `type` and what that provider's options name. */
export interface RouterSettings {
  type: keyof typeof routers
  [option: string]: unknown
}

/** Opens a router from settings that were validated by its own options. */
export async function openRouter(
  settings: RouterSettings,
  ports: RouterPorts,
  arms: readonly string[],
): Promise<TrafficRouter> {
  const provider: RouterProvider = await routers[settings.type]()
  return provider.create(provider.options.parse(settings) as never, ports, arms)
}
