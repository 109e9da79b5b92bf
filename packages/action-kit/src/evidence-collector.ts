import { join } from 'node:path'
import { openChain, writeProgress, type Call, type ProgressEvent } from '@deploy-actions/evidence'
import { runRefOf } from './context'
import type { EvidenceCollector, RunContext } from './ports'

/** How many calls one record keeps; a watch of an hour makes thousands alike, and the newest explain an ending. */
const MAX_CALLS = 500

/** The folder that all actions of a job share for their evidence. */
export const evidenceFolder = (temp: string): string => join(temp, 'deploy-actions', 'evidence')

interface Ending {
  action: string
  startedAt: Date
  endedAt: Date
  inputs: Record<string, unknown>
  outcome: string
  reason: string
}

/**
 * Collects what one action run did; `close` appends its record to the job's chain and returns the file.
 * @param redact takes secrets out of a text
 */
export function collectEvidence(
  context: RunContext,
  redact: (text: string) => string = (text) => text,
): EvidenceCollector & { close(ending: Ending): Promise<string> } {
  const subject: Parameters<EvidenceCollector['about']>[0] = {}
  const facts: Record<string, unknown> = {}
  const calls: Call[] = []
  let dropped = 0
  const folder = evidenceFolder(context.temp)
  return {
    folder,
    about: (about) => void Object.assign(subject, about),
    facts: (more) => void Object.assign(facts, more),
    call(call) {
      calls.push(call)
      if (calls.length > MAX_CALLS) {
        calls.shift()
        dropped++
      }
    },
    progress: (event) =>
      tell(context.temp, { region: subject.region, ...event, reason: redact(event.reason) }),
    close: ({ action, startedAt, endedAt, inputs, outcome, reason }) =>
      openChain(folder).append({
        v: 1,
        job: context.job,
        action,
        actionRef: context.actionRef,
        startedAt: startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
        ...subject,
        run: runRefOf(context),
        inputs,
        outcome,
        reason,
        facts: dropped > 0 ? { ...facts, callsLeftOut: dropped } : facts,
        calls,
      }),
  }
}

/** Nobody may be looking on, and a full disk must not hurt a rollout. */
function tell(temp: string, event: ProgressEvent): void {
  try {
    writeProgress(temp, event)
  } catch {
    // The log and the evidence say the same.
  }
}
