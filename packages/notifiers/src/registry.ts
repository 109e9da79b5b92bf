import type { z } from 'zod'
import type { Clock, Http, Secrets } from '@deploy-actions/action-kit'
import type { Notifier } from './event'

/** What a sink may touch. */
export interface NotifierPorts {
  http: Http
  clock: Clock
  secrets: Secrets
}

/** What a sink's file exports. */
export interface NotifierProvider {
  options: z.ZodType
  create(settings: never, ports: NotifierPorts): Notifier
}

/** Every sink by its `type`. A new one is one file and one line here. */
export const notifiers = {
  webhook: () => import('./webhook'),
} satisfies Record<string, () => Promise<NotifierProvider>>

/** Settings of a sink as they stand in a config. */
export interface NotifierSettings {
  type: keyof typeof notifiers
  [option: string]: unknown
}

/** Opens a sink from settings as its own options gave them. */
export async function openNotifier(settings: NotifierSettings, ports: NotifierPorts): Promise<Notifier> {
  const provider: NotifierProvider = await notifiers[settings.type]()
  return provider.create(settings as never, ports)
}
