import { createHash } from 'node:crypto'
import { TestEnvironment } from 'jest-environment-node'

/**
 * Plays all rehearsals, or, with REHEARSALS=SHARE:SEED (60%:a1b2c3), those that the seed draws: each is as likely as any
 * other, another seed draws others, and what is left out is counted as skipped.
 */
export default class DrawnRehearsals extends TestEnvironment {
  /** Called by jest-circus; the tests are known when the run starts. */
  handleTestEvent({ name }, { rootDescribeBlock }) {
    const drawn = name === 'run_start' ? drawOf(process.env.REHEARSALS) : undefined
    if (drawn) for (const test of testsIn(rootDescribeBlock)) if (!drawn(test.path)) test.entry.mode = 'skip'
  }
}

/** @throws Error for what is not SHARE:SEED: a run that plays nothing must not pass for one that plays all */
function drawOf(asked) {
  if (!asked) return undefined
  const [, percent, seed] = /^(\d{1,2})%:(\w+)$/.exec(asked) ?? []
  if (!Number(percent)) throw new Error(`REHEARSALS is ${asked}; give SHARE:SEED, such as 60%:a1b2c3`)
  return (path) => {
    const digest = createHash('sha256').update(`${seed} ${path}`).digest()
    return (digest.readUInt32BE(0) / 2 ** 32) * 100 < Number(percent)
  }
}

function testsIn({ children, name }, above = '') {
  const path = `${above} ${name}`
  return children.flatMap((child) =>
    child.type === 'describeBlock' ? testsIn(child, path) : [{ path: `${path} ${child.name}`, entry: child }],
  )
}
