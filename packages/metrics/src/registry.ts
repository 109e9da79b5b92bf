import type { z } from 'zod'
import type { MetricSource, SourcePorts } from './source'

/** What a metric source's file exports. */
export interface SourceProvider {
  options: z.ZodType
  /** what one of its queries looks like */
  query: z.ZodType
  create(settings: never, ports: SourcePorts): MetricSource
}

/** Every metric source by its `type`. A new one is one file and one line here. */
export const sources = {
  scrape: () => import('./scrape'),
} satisfies Record<string, () => Promise<SourceProvider>>

/** Settings of a source as they stand in a config. */
export interface SourceSettings {
  type: keyof typeof sources
  [option: string]: unknown
}

/** Opens a source from settings as its own options gave them. */
export async function openSource(settings: SourceSettings, ports: SourcePorts): Promise<MetricSource> {
  const provider: SourceProvider = await sources[settings.type]()
  return provider.create(settings as never, ports)
}
