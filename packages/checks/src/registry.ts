import type { z } from 'zod'
import type { CheckPorts, HealthCheck } from './check'

/** What a check's file exports. */
export interface CheckProvider {
  options: z.ZodType
  create(settings: never, ports: CheckPorts): HealthCheck
}

/** Every kind of check by its `type`. A new one is one file and one line here. */
export const checks = {
  http: () => import('./http'),
  script: () => import('./script'),
} satisfies Record<string, () => Promise<CheckProvider>>

/** Settings of a check as they stand in a config. */
export interface CheckSettings {
  type: keyof typeof checks
  [option: string]: unknown
}

/** Opens a check from settings as its own options gave them. */
export async function openCheck(settings: CheckSettings, ports: CheckPorts): Promise<HealthCheck> {
  const provider: CheckProvider = await checks[settings.type]()
  return provider.create(settings as never, ports)
}
