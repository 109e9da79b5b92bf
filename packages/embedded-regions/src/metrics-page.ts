import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MetricsFault } from './region-fault'

const CONTENT_TYPE = 'text/plain; version=0.0.4'
const DEFAULT_DELAY_MS = 3000

/** A sample's value: what stands after its name and labels. */
const VALUE = /^([^#\s].*) \S+$/gm

/** Answers with a page in Prometheus' text format, or with what a `metrics` fault makes of it. */
export async function sendMetrics(
  response: ServerResponse,
  page: string,
  fault?: MetricsFault,
): Promise<void> {
  if (fault?.metrics === 'slow') await sleep(fault.delayMs ?? DEFAULT_DELAY_MS, undefined, { ref: false })
  if (fault?.metrics === 'fail') {
    response.writeHead(500, { 'content-type': 'text/plain' }).end('metrics are out of order\n')
    return
  }
  const body =
    fault?.metrics === 'empty' ? '' : fault?.metrics === 'nan' ? page.replace(VALUE, '$1 NaN') : page
  response.writeHead(200, { 'content-type': CONTENT_TYPE }).end(body)
}

/** One family in Prometheus' text format; `samples` are `labels -> value`, labels without their braces. */
export function metricFamily(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: [labels: string, value: number][],
): string {
  const lines = samples.map(([labels, sample]) => `${name}{${labels}} ${sample}`)
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n')
}
