/**
 * `dist/index.js` of one action: the runner starts it, and the code is in the suite that all actions share.
 * Compiled code is kept for the next action of the same job, which then starts without compiling.
 */
export function stub(action: string): string {
  return `import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

const temp = process.env.RUNNER_TEMP
if (temp) enableCompileCache(join(temp, 'deploy-actions', 'compile-cache'))
const { runAction } = await import('../../suite/index.js')
await runAction('${action}')
`
}
