import { z } from 'zod'
import { lockInfoIn, type LockInfo } from './lock-info'

const resource = z.looseObject({ addr: z.string() })
const hook = z.looseObject({
  resource: resource.optional(),
  action: z.string().optional(),
  elapsed_seconds: z.number().optional(),
})
const message = z.looseObject({
  type: z.string(),
  '@timestamp': z.string().optional(),
  '@message': z.string().optional(),
  hook: hook.optional(),
  changes: z
    .looseObject({
      add: z.number(),
      change: z.number(),
      remove: z.number(),
      import: z.number().optional(),
      operation: z.string(),
    })
    .optional(),
  diagnostic: z
    .looseObject({
      severity: z.enum(['error', 'warning']),
      summary: z.string(),
      detail: z.string().default(''),
      address: z.string().optional(),
    })
    .optional(),
})

/** What the tool complains of. */
export interface Diagnostic {
  severity: 'error' | 'warning'
  summary: string
  detail: string
  address?: string | undefined
}

/** What an apply has done so far, by address. */
export interface Applied {
  /** in the order in which they were done, with what was done */
  done: Map<string, string>
  /** what was begun and neither done nor failed */
  begun: Map<string, string>
  failed: Map<string, string>
  diagnostics: Diagnostic[]
  /** what it says at the end; absent: it did not get there */
  summary?: { add: number; change: number; destroy: number; import: number }
  /** when it spoke of an object for the first time: by then it held the lock of the state */
  lockedBy?: string
  /** lines that are not messages, such as a crash prints */
  foreign: string[]
  /** who holds the state, where it could not be had */
  lock?: LockInfo | undefined
}

/** Lines of an apply for people, as it goes on: what is begun, done and failed, never a value. */
export type Progress = (line: string) => void

/**
 * Reads the messages of `apply -json` line by line, in whatever pieces they come.
 * https://developer.hashicorp.com/terraform/internals/machine-readable-ui
 */
export function readStream(progress: Progress = () => undefined): {
  take(text: string): void
  /** ends it: a line without an end is read, too */
  end(): Applied
} {
  const applied: Applied = {
    done: new Map(),
    begun: new Map(),
    failed: new Map(),
    diagnostics: [],
    foreign: [],
  }
  let rest = ''
  const line = (text: string): void => {
    if (text.trim() !== '') takeLine(text, applied, progress)
  }
  return {
    take(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) line(one)
    },
    end() {
      line(rest)
      rest = ''
      return applied
    },
  }
}

/** What is said of one object: it is begun, done, or has failed. */
const OBJECT = /^apply_(start|complete|errored)$/

/** What is said while the lock is held. */
const UNDER_LOCK = /^(planned_change|apply_start)$/

function takeLine(text: string, applied: Applied, progress: Progress): void {
  const read = message.safeParse(parsed(text))
  if (!read.success) {
    applied.foreign.push(text)
    return
  }
  const { type, '@timestamp': at, hook: about, changes, diagnostic } = read.data
  if (at !== undefined && UNDER_LOCK.test(type)) applied.lockedBy ??= at
  if (diagnostic) {
    applied.diagnostics.push(diagnostic)
    applied.lock ??= lockInfoIn(`${diagnostic.summary}\n${diagnostic.detail}`)
  }
  if (type === 'change_summary' && changes?.operation === 'apply')
    applied.summary = {
      add: changes.add,
      change: changes.change,
      destroy: changes.remove,
      import: changes.import ?? 0,
    }
  const [, stage] = OBJECT.exec(type) ?? []
  if (stage === undefined || !about?.resource) return
  takeObject(stage, about.resource.addr, about, applied, progress)
}

function takeObject(
  stage: string,
  address: string,
  { action = 'change', elapsed_seconds: seconds }: z.infer<typeof hook>,
  { begun, done, failed }: Applied,
  progress: Progress,
): void {
  const after = seconds === undefined ? '' : ` after ${seconds} s`
  if (stage === 'start') {
    begun.set(address, action)
    progress(`${address}: ${action} begins`)
    return
  }
  begun.delete(address)
  const into = stage === 'complete' ? done : failed
  // A replacement is a delete and a create of the same address.
  into.set(address, [into.get(address), action].filter(Boolean).join(' and '))
  progress(`${address}: ${action} ${stage === 'complete' ? 'done' : 'FAILED'}${after}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
