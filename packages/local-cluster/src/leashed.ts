import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

/** A program that lives no longer than whoever started it. */
export interface Leashed {
  /** rejects when it ends by itself */
  ended: Promise<never>
  close(): Promise<void>
}

/**
 * Runs a program, and ends it when what it is held by does: the shell reads its input, which ends with this process, however
 * that ends. No signal does as well, for a process that is killed has time for none.
 */
const LEASH = `
"$@" </dev/null & program=$!
exec 3<&0
(cat <&3 >/dev/null; kill -9 $program) 2>/dev/null & watcher=$!
wait $program; code=$?
kill $watcher 2>/dev/null
exit $code`

/**
 * Starts a program in a group of its own: Ctrl-C is for those who still need it.
 * @param log file of what it prints
 */
export function startLeashed(name: string, command: readonly string[], log: string): Leashed {
  const child = spawn('sh', ['-c', LEASH, 'sh', ...command], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const file = createWriteStream(log)
  // Either may end before the other has come: the file ends with both.
  child.stdout.pipe(file, { end: false })
  child.stderr.pipe(file, { end: false })
  child.once('close', () => file.end())
  // It may be gone before it is let go.
  child.stdin.on('error', () => undefined)
  const exited = once(child, 'exit')
  const ended = exited.then(([code]) => {
    throw new Error(`${name} ended with ${String(code)}; see ${log}`)
  })
  ended.catch(() => undefined)
  return {
    ended,
    async close() {
      child.stdin.end()
      await exited.catch(() => undefined)
    },
  }
}
