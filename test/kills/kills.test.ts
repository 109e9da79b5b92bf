import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { BundleJob } from '@deploy-actions/testing'
import { HeldWorld, type Moment } from './held-world'

// Each writer is killed right before and right after each of its external calls. Then what runs on GitHub runs here:
// the posts of the job, and the guard in a job of its own. The router's own reading is the proof.

const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
const BLUE = { blue: 100, green: 0 }
const GREEN = { blue: 0, green: 100 }
const LIMIT = 600_000

let world: HeldWorld
let job: BundleJob

beforeEach(async () => {
  world = await HeldWorld.open()
  job = await world.openJob()
})
afterEach(async () => {
  await job.close()
  await world.close()
})

/** The steps of a deploy job, in order; each gives what the next one needs. */
const steps = {
  begin: () => world.step(job, 'restore-point', { mode: 'begin', ...release }),
  deploy: (transaction: string) => world.step(job, 'run-hook', { hook: 'deploy', transaction }),
  canary: (transaction: string) => world.step(job, 'canary-step', { transaction }),
  commit: (transaction: string) => world.step(job, 'restore-point', { mode: 'commit', transaction }),
}

/** Runs the job up to a step, which is killed at one of its calls. Gives how many calls the step made. */
async function killAt(victim: keyof typeof steps, call?: number, moment?: Moment): Promise<string[]> {
  let transaction = ''
  for (const [name, step] of Object.entries(steps)) {
    if (name === victim) world.holdAt(call, moment)
    else world.holdAt()
    const result = await step(transaction)
    if (name === victim) break
    if (result.exitCode !== 0) throw new Error(`${name} failed before its time: ${result.stdout}`)
    transaction = result.outputs['transaction'] ?? transaction
  }
  const calls = world.calls
  world.holdAt()
  return calls
}

/** What GitHub runs after a killed step: posts in reverse order, then the guard on another machine. */
async function aftermath(): Promise<void> {
  for (const action of ['canary-step', 'run-hook', 'restore-point'])
    expect((await world.step(job, action, {}, { started: 'true' })).exitCode).toBe(0)
  const guard = await world.openJob()
  const { exitCode, stdout } = await world.step(guard, 'restore-point', { mode: 'restore', to: 'open' })
  await guard.close()
  if (exitCode !== 0) throw new Error(`the guard failed: ${stdout}`)
}

/** Committed as a whole or restored as a whole, and nothing left open. */
function expectWhole(): void {
  const [newest] = world.ledger
  const committed = newest?.startsWith('committed') ?? false
  expect({ weights: world.haproxy.weights, ledger: newest?.split(':')[0] ?? 'none' }).toEqual(
    committed
      ? { weights: GREEN, ledger: 'committed' }
      : { weights: BLUE, ledger: newest === undefined ? 'none' : 'restored' },
  )
}

async function fresh(): Promise<void> {
  await job.close()
  await world.close()
  world = await HeldWorld.open()
  job = await world.openJob()
}

describe.each(['begin', 'deploy', 'canary', 'commit'] as const)('killed in %s', (victim) => {
  it(
    'at any of its calls, the target ends whole and the ledger closed',
    async () => {
      const calls = await killAt(victim)
      expect(calls.length).toBeGreaterThan(0)
      for (let call = 1; call <= calls.length; call++) {
        for (const moment of ['before', 'after'] as const) {
          await fresh()
          await killAt(victim, call, moment)
          await aftermath()
          try {
            expectWhole()
          } catch (error) {
            throw new Error(`killed ${moment} call ${call} of ${victim} (${calls[call - 1]})`, {
              cause: error,
            })
          }
        }
      }
    },
    LIMIT,
  )
})

describe('traffic-weight alone', () => {
  const set = () =>
    world.step(job, 'traffic-weight', { mode: 'set', weights: 'blue=0%,green=100%', ...release })

  it(
    'killed at any of its calls, its post puts the weights back or finds them committed',
    async () => {
      world.holdAt()
      expect((await set()).exitCode).toBe(0)
      const { length } = world.calls
      for (let call = 1; call <= length; call++) {
        for (const moment of ['before', 'after'] as const) {
          await fresh()
          world.holdAt(call, moment)
          await set()
          world.holdAt()
          await world.step(job, 'traffic-weight', { mode: 'set' }, { started: 'true' })
          const [newest] = world.ledger
          // Opened and killed before its own files knew of it: nothing was written yet, and the next run's begin restores the record.
          const opened = newest?.split(':')[0] ?? 'none'
          expect([call, moment, opened, world.haproxy.weights]).toEqual([
            call,
            moment,
            opened,
            opened === 'committed' ? GREEN : BLUE,
          ])
        }
      }
    },
    LIMIT,
  )
})
