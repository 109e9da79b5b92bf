import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { whyOlder } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { githubLedger, record } from './github-ledger.fixture'

// When a release is older than the one that serves, by what the ledger knows.

let world: TestGitHub
beforeEach(async () => {
  world = await testGitHub({})
})
afterEach(() => world.close())

const release = (letter: string) => ({ version: `1.${letter}`, digest: `sha256:${letter.repeat(64)}` })
const environmentOf = (region: string): string => `production-${region}`

/** A run brings a release to a region, which is committed there unless something else becomes of it. */
async function bring(
  run: number,
  region: string,
  letter: string,
  { previous, states = ['committed'] }: { previous?: string; states?: TransactionState[] } = {},
): Promise<string> {
  const opened = record(run, {
    ...{ region, release: release(letter) },
    ...(previous !== undefined && { previous: release(previous) }),
  })
  const ledger = githubLedger(world, { run })
  await ledger.open(opened, {})
  for (const state of states) await ledger.mark(opened, state, '')
  return opened.id
}
const why = (letter: string, region: string, runId = 900) =>
  whyOlder(githubLedger(world, { run: 900 }), release(letter), environmentOf(region), { runId })

describe('a release', () => {
  it('is older where it was committed before the one that serves, and newer the other way round', async () => {
    const id = await bring(1, 'eu-west', 'a')
    expect(await why('a', 'eu-west')).toBeUndefined()
    expect(await why('b', 'eu-west')).toBeUndefined()
    await bring(2, 'eu-west', 'b')
    expect(await why('a', 'eu-west')).toBe(
      `1.b, which serves in eu-west since run 2, would be replaced by an older release: 1.a was committed in eu-west before (transaction ${id}); to bring it all the same, start a new run with allow-older: true`,
    )
    expect(await why('b', 'eu-west')).toBeUndefined()
    expect(await why('c', 'eu-west')).toBeUndefined()
  })

  it('is older where it was committed in another region before, and never came to this one', async () => {
    await bring(1, 'us-east', 'a')
    await bring(2, 'us-east', 'b')
    await bring(2, 'eu-west', 'b')
    expect(await why('a', 'eu-west')).toMatch(/^1\.b, .*1\.a was committed in us-east before/)
  })

  it('is none where the newer one has reached other regions only', async () => {
    await bring(1, 'us-east', 'a')
    await bring(2, 'us-east', 'b')
    await bring(1, 'eu-west', 'a')
    expect(await why('a', 'eu-west')).toBeUndefined()
    expect(await why('b', 'eu-west')).toBeUndefined()
  })

  it('is no older for having failed here after it was committed elsewhere', async () => {
    await bring(1, 'eu-west', 'a')
    await bring(2, 'us-east', 'b')
    await bring(2, 'eu-west', 'b', { previous: 'a', states: ['restoring', 'restored'] })
    expect(await why('b', 'eu-west')).toBeUndefined()
    // What serves behind it is still known, and so is what was before that.
    await bring(3, 'us-east', 'c')
    await bring(3, 'eu-west', 'c', { previous: 'a' })
    await bring(4, 'eu-west', 'd', { previous: 'c', states: ['restoring', 'restored'] })
    expect(await why('a', 'eu-west')).toMatch(/^1\.c, which serves in eu-west since run 3/)
  })

  it('is older in a run that began before the one which brought what serves: run again, or after a long wait', async () => {
    await bring(7, 'eu-west', 'b')
    expect(await why('a', 'eu-west', 6)).toBe(
      '1.b, which serves in eu-west since run 7, would be replaced by an older release: run 6 began before it; to bring 1.a all the same, start a new run with allow-older: true',
    )
    expect(await why('a', 'eu-west', 8)).toBeUndefined()
    expect(await why('b', 'eu-west', 6)).toBeUndefined()
  })

  it('is older where a hotfix has overtaken its rollout', async () => {
    await bring(6, 'us-east', 'a')
    await bring(7, 'eu-west', 'b')
    expect(await why('a', 'eu-west', 6)).toMatch(/^1\.b, .*: run 6 began before it/)
  })

  it('is not guessed to be older where nobody knows what serves', async () => {
    await bring(1, 'eu-west', 'a')
    await bring(2, 'eu-west', 'b')
    const ledger = githubLedger(world, { run: 3 })
    await ledger.open(record(3, { release: release('b'), weightsOnly: true }), {})
    await ledger.mark({ id: record(3).id }, 'committed', '')
    expect(await why('a', 'eu-west')).toBeUndefined()
    expect(await why('a', 'apac-se', 1)).toBeUndefined()
  })

  it('may be brought again after it was taken back: its commit is gone', async () => {
    await bring(1, 'eu-west', 'a')
    await bring(2, 'eu-west', 'b', { states: ['committed', 'restoring', 'restored'], previous: 'a' })
    expect(await why('b', 'eu-west')).toBeUndefined()
  })

  it('is judged by the run that brought what serves in this very region', async () => {
    await bring(5, 'eu-west', 'b')
    await bring(9, 'us-east', 'b')
    expect(await why('a', 'eu-west', 7)).toBeUndefined()
    expect(await why('a', 'us-east', 7)).toMatch(/since run 9/)
  })

  it('may be brought on by the run that has committed it elsewhere', async () => {
    await bring(3, 'us-east', 'a')
    await bring(2, 'eu-west', 'b')
    expect(await why('a', 'eu-west', 3)).toBeUndefined()
    expect(await why('a', 'eu-west', 4)).toMatch(/1\.a was committed in us-east before/)
  })

  it('may be tried again where it has failed before another one came', async () => {
    await bring(1, 'eu-west', 'a', { states: ['restoring', 'restored'] })
    await bring(2, 'eu-west', 'b')
    expect(await why('a', 'eu-west')).toBeUndefined()
  })

  it('is no release that serves by a record which the ledger does not hold any more', async () => {
    await bring(1, 'us-east', 'a')
    await bring(2, 'eu-west', 'd', { previous: 'c', states: ['restoring', 'restored'] })
    expect(await why('a', 'eu-west')).toBeUndefined()
  })

  it('was not rolled out by weights that were set by hand', async () => {
    const byHand = record(1, { release: release('a'), weightsOnly: true })
    const ledger = githubLedger(world, { run: 1 })
    await ledger.open(byHand, {})
    await ledger.mark(byHand, 'committed', '')
    await bring(2, 'eu-west', 'b')
    expect(await why('a', 'eu-west')).toBeUndefined()
  })
})
