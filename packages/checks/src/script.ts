import { z } from 'zod'
import {
  Cancelled,
  messageOf,
  runScript,
  script,
  scriptAccess,
  scriptFailure,
} from '@deploy-actions/action-kit'
import { timeLimit } from '@deploy-actions/rollout'
import { check } from './check'

/** A script of the repository: exit code 0 is green; a number in its last line is the check's value. */
const options = z
  .strictObject({
    run: script,
    timeout: timeLimit.prefault('2m'),
    ...scriptAccess,
  })
  .describe('a script of the repository; exit code 0 is green')
export default check({
  options,
  create: ({ run, timeout, ...access }, ports) => ({
    async probe(signal) {
      const result = await runScript(run, ports, { timeoutMs: timeout, signal, access }).catch(messageOf)
      // It is not there or not executable: waiting mends neither.
      if (typeof result === 'string') return { state: 'red', detail: result, fatal: true }
      if (result.ended === 'cancelled') throw new Cancelled('the run was cancelled')
      const lastLine = result.stdout.trim().split('\n').at(-1) ?? ''
      const value = lastLine !== '' && Number.isFinite(Number(lastLine)) ? { value: Number(lastLine) } : {}
      const failure = scriptFailure(run, result)
      return failure === undefined
        ? {
            state: 'green',
            detail: `${run.path} succeeded${lastLine ? `: ${lastLine.slice(0, 200)}` : ''}`,
            ...value,
          }
        : { state: 'red', detail: failure, ...value }
    },
  }),
})
