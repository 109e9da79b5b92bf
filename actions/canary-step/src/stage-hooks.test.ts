import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  Cancelled,
  InputError,
  type ChildProcess,
  type ChildResult,
  type GateFailed,
} from '@deploy-actions/action-kit'
import { openLedger, type Entry } from '@deploy-actions/ledger'
import {
  createFakeClock,
  createFakePorts,
  simulateRegion,
  type FakePorts,
  type SimulatedRegion,
} from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'

const ALL = 'before-stage: ops/before.sh, during-stage: ops/during.sh, after-stage: ops/after.sh'
const MINUTE = 60_000

/** A script that is run: its name, the stage that it is told of, and what the region is like then. */
interface Asked {
  name: string
  stage: number
  weight: string | undefined
  /** what the canary gets by the router, in percent */
  green: number | undefined
  child: ChildProcess
}

interface World {
  ports: FakePorts
  /** from now on half of what the canary answers is an error */
  breakCanary: () => void
  ledger: ReturnType<typeof openLedger>
  region: () => SimulatedRegion
  transaction: () => Promise<Entry>
  /** resolves when so much time has gone by, or the script is to stop */
  takes: (ms: number, child: ChildProcess) => Promise<void>
}
type Play = (
  asked: Asked,
  world: World,
) => Promise<Partial<ChildResult> | undefined> | Partial<ChildResult> | undefined

/** Walks a healthy canary over 10 % and 100 %, with scripts around its stages. */
async function walk(
  hooks: string,
  play: Play = () => undefined,
  {
    analysis = '',
    inputs = {},
    there = true,
    stages = '[{ weight: 10%, watch: 1m }, { weight: 100%, watch: 2m }]',
  }: { analysis?: string; inputs?: Record<string, string>; there?: boolean; stages?: string } = {},
) {
  const clock = createFakeClock()
  let broken = false
  const region = await simulateRegion({
    ...{ clock, seed: 1, requestsPerSecond: 100 },
    errorRate: (arm) => (broken && arm === 'green' ? 0.5 : 0.001),
  })
  const asked: Asked[] = []
  const ports = createFakePorts({
    clock,
    secrets: { KEY: 'swordfish' },
    http: () => region.metrics(),
    async process(child) {
      const name = /(\w+)\.sh$/.exec(child.command[0])?.[1] ?? ''
      const { DEPLOY_STAGE: stage, DEPLOY_STAGE_WEIGHT: weight } = child.env
      const one = { name, stage: Number(stage), weight, green: region.haproxy.weights['green'], child }
      asked.push(one)
      return (await play(one, world)) ?? {}
    },
  })
  const { temp, workspace } = ports.context
  const spec = `file:${temp}/ledger`
  const ledger = openLedger(spec, 'shop', ports)
  const world: World = {
    ports,
    breakCanary: () => (broken = true),
    ledger,
    region: () => region,
    async transaction() {
      const [entry] = await ledger.find({ limit: 1 })
      if (!entry) throw new Error('no transaction was opened')
      return entry
    },
    async takes(ms, { signal }) {
      const until = clock.now().getTime() + ms
      while (clock.now().getTime() < until && !signal.aborted)
        await new Promise((resolve) => setImmediate(resolve))
    },
  }
  await mkdir(join(workspace, 'ops'), { recursive: true })
  if (there)
    for (const name of ['before', 'during', 'after'])
      await writeFile(join(workspace, `ops/${name}.sh`), '', { mode: 0o755 })
  await writeFile(
    join(workspace, 'rollout.yml'),
    `version: 1
service: shop
regions: [{ name: eu, environment: production }]
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: ${region.inputs.router} } }
metrics: ${region.inputs.metrics}
hooks: { ${hooks} }
canary:
  analysis: { min-requests: 80 ${analysis} }
  stages: ${stages}
`,
  )
  const outcome = await main(
    schema.parse({
      ...{ region: 'eu', version: '1.1.0', digest: `sha256:${'b'.repeat(64)}`, ledger: spec },
      ...inputs,
    }),
    ports,
  ).catch((error: Error) => error)
  await region.close()
  const writes = region.haproxy.commands.filter((command) => command.startsWith('set server'))
  return { outcome, asked, ports, weights: region.haproxy.weights, writes, world }
}

const PROMOTED = { outcome: 'promoted' }
const BACK = { blue: 100, green: 0 }
const failing =
  (name: string, stage: number): Play =>
  (one) =>
    one.name === name && one.stage === stage ? { exitCode: 3, stderr: 'it hurts' } : undefined
const waits = ({ recorded }: FakePorts): string[] =>
  recorded.log.map(({ line }) => line).filter((line) => line.includes('watched on'))
const said = (outcome: Outputs | Error): string => (outcome instanceof Error ? outcome.message : 'no error')

describe('the hooks of a stage', () => {
  it('are run before its weight is written, while it is in effect, and when it has passed', async () => {
    const { outcome, asked } = await walk(ALL)
    expect(outcome).toMatchObject(PROMOTED)
    expect(asked.map(({ name, stage, weight, green }) => [name, stage, weight, green])).toEqual([
      ['before', 1, '10', 0],
      ['during', 1, '10', 10],
      ['after', 1, '10', 10],
      ['before', 2, '100', 10],
      ['during', 2, '100', 100],
      ['after', 2, '100', 100],
    ])
    expect(asked[0]?.child.env).toMatchObject({ DEPLOY_ARM: 'green', DEPLOY_BASELINE_ARM: 'blue' })
  })

  it('keep what they printed in the log, fenced, and in evidence, without secrets', async () => {
    const { ports } = await walk('before-stage: ops/before.sh', () => ({ stdout: '::error::swordfish\n' }))
    expect(ports.recorded.facts['hooks']).toMatchObject([
      {
        hook: 'before-stage of 10%',
        script: 'ops/before.sh',
        exitCode: 0,
        ended: 'done',
        output: '::error::***\n',
      },
      { hook: 'before-stage of 100%' },
    ])
    expect(JSON.stringify(ports.recorded)).not.toContain('swordfish')
    const printed = ports.recorded.log.filter(({ line }) => line.includes('::error'))
    expect(printed.map(({ level }) => level)).toEqual(['foreign', 'foreign'])
  })

  it('are not run in a dry run', async () => {
    const { outcome, asked } = await walk(ALL, undefined, { inputs: { 'dry-run': 'true' } })
    expect(outcome).toMatchObject({ outcome: 'would-promote' })
    expect(asked).toEqual([])
  })

  it('are missed before anything is opened', async () => {
    const hooks = 'before-stage: ops/before.sh, after-stage: { run: ops/after.sh, oidc: true }'
    const { outcome, writes, world } = await walk(hooks, undefined, { there: false })
    expect(outcome).toBeInstanceOf(InputError)
    expect(said(outcome)).toMatch(
      /hooks\.before-stage: ops\/before\.sh is not in the repository[^]*hooks\.after-stage\.oidc: this job may not ask/,
    )
    expect(writes).toEqual([])
    expect(await world.ledger.find({})).toEqual([])
  })
})

describe('before-stage', () => {
  it('that fails first of all lets no traffic be moved', async () => {
    const { outcome, writes, world } = await walk(ALL, failing('before', 1))
    expect(said(outcome)).toBe(
      'no traffic was moved by this step: before-stage of 10%: ops/before.sh ended with exit code 3: it hurts',
    )
    expect(writes).toEqual([])
    expect((await world.transaction()).state).toBe('superseded')
  })

  it('that cannot be started has failed, too', async () => {
    const { outcome, writes } = await walk(ALL, () =>
      Promise.reject(new Error('spawn ops/before.sh ENOEXEC')),
    )
    expect(said(outcome)).toBe(
      'no traffic was moved by this step: before-stage of 10%: spawn ops/before.sh ENOEXEC',
    )
    expect(writes).toEqual([])
  })

  it('that fails later has the traffic put back, and nothing of its stage is written', async () => {
    const { outcome, writes, weights, asked } = await walk(ALL, failing('before', 2))
    expect(said(outcome)).toMatch(
      /^before-stage of 100%: ops\/before\.sh ended with exit code 3: it hurts; traffic is back/,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({
      verdict: 'error',
      stages: [{ weight: 1000, verdict: 'pass' }],
      'rollback-verified': true,
    })
    expect(weights).toEqual(BACK)
    expect(writes).not.toContain('set server app/green weight 100')
    expect(asked).toHaveLength(4)
  })

  it('may take its time: that is no standstill', async () => {
    const { outcome } = await walk('before-stage: ops/before.sh', (_, { ports }) => {
      ports.clock.advance(20 * MINUTE)
      return {}
    })
    expect(outcome).toMatchObject(PROMOTED)
  })

  it.each([1, 2])(
    'writes nothing of stage %d when a person has taken the release back meanwhile',
    async (stage) => {
      const { outcome, writes } = await walk(ALL, async (one, { ledger, transaction }) => {
        if (one.name === 'before' && one.stage === stage)
          await ledger.mark((await transaction()).record, 'restoring', 'ann: orders are lost')
        return {}
      })
      expect(said(outcome)).toMatch(
        /is restoring \(restoring: ann: orders are lost\): nothing more is written to its target/,
      )
      expect(writes).not.toContain(`set server app/green weight ${stage === 1 ? 10 : 100}`)
    },
  )
})

describe('during-stage', () => {
  it('that fails ends the stage with the next sample', async () => {
    const { outcome, weights } = await walk(ALL, failing('during', 1))
    expect(said(outcome)).toMatch(
      /^10%: during-stage of 10%: ops\/during\.sh ended with exit code 3: it hurts; traffic is back/,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({
      verdict: 'fail',
      stages: [{ verdict: 'fail', durationMs: 10_000 }],
    })
    expect(weights).toEqual(BACK)
  })

  it('is waited for by a stage that has passed', async () => {
    const { outcome, asked, ports } = await walk(ALL, async ({ name, child }, { takes }) => {
      if (name === 'during') await takes(4 * MINUTE, child)
      return undefined
    })
    expect(waits(ports)).toEqual([
      'the stage has passed and is watched on while during-stage of 10% runs',
      'the stage has passed and is watched on while during-stage of 100% runs',
    ])
    expect((outcome as Outputs).stages?.map(({ durationMs }) => durationMs >= 4 * MINUTE)).toEqual([
      true,
      true,
    ])
    expect(asked.map(({ name }) => name)).toEqual(['before', 'during', 'after', 'before', 'during', 'after'])
  })

  it('that fails while it is waited for fails the stage, and nothing follows it', async () => {
    const { outcome, asked, weights } = await walk(ALL, async ({ name, child }, { takes }) => {
      if (name !== 'during') return undefined
      await takes(2 * MINUTE, child)
      return { exitCode: null, ended: 'timeout' }
    })
    expect(said(outcome)).toMatch(
      /^10%: during-stage of 10%: ops\/during\.sh did not end in time and was stopped; traffic/,
    )
    expect(asked.map(({ name }) => name)).toEqual(['before', 'during'])
    expect(weights).toEqual(BACK)
  })

  it('is stopped when the stage fails, and the canary is judged while it is waited for', async () => {
    const order: string[] = []
    const { outcome, weights, ports } = await walk(ALL, async ({ name, child }, { takes, breakCanary }) => {
      if (name !== 'during') return undefined
      await takes(3 * MINUTE, child)
      breakCanary()
      await takes(60 * MINUTE, child)
      order.push(child.signal.aborted ? 'stopped' : 'ended')
      return { exitCode: null, ended: 'cancelled' }
    })
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    expect(said(outcome)).not.toContain('during-stage')
    expect(order).toEqual(['stopped'])
    expect(weights).toEqual(BACK)
    expect(ports.recorded.facts['hooks']).toMatchObject([
      {},
      { hook: 'during-stage of 10%', ended: 'cancelled' },
    ])
    expect(JSON.stringify(ports.recorded.log)).not.toContain('ops/during.sh was stopped')
  })

  it('is only told of where failures are only reported, and what follows is run', async () => {
    const { outcome, asked, ports } = await walk(ALL, failing('during', 1), { analysis: ', on-fail: report' })
    expect(outcome).toMatchObject(PROMOTED)
    expect(asked).toHaveLength(6)
    expect(JSON.stringify(ports.recorded.log)).toContain(
      'during-stage of 10%: ops/during.sh ended with exit code 3: it hurts',
    )
  })
})

describe('after-stage', () => {
  it('that fails ends the walk, with the traffic put back', async () => {
    const { outcome, asked, weights } = await walk(ALL, failing('after', 1))
    expect(said(outcome)).toMatch(
      /^after-stage of 10%: ops\/after\.sh ended with exit code 3: it hurts; traffic is back/,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ stages: [{ verdict: 'pass' }] })
    expect(asked.map(({ name }) => name)).toEqual(['before', 'during', 'after'])
    expect(weights).toEqual(BACK)
  })

  it('of the last stage is a part of the walk, too', async () => {
    const { outcome, weights } = await walk(ALL, failing('after', 2))
    expect(said(outcome)).toMatch(/^after-stage of 100%:/)
    expect(weights).toEqual(BACK)
  })

  it('is waited for, and said to run when nothing else does any more', async () => {
    const { ports } = await walk(ALL, async ({ name, child }, { takes }) => {
      if (name === 'after') await takes(MINUTE, child)
      return undefined
    })
    expect(waits(ports)).toEqual([
      'the stage has passed and is watched on while after-stage of 10% runs',
      'the stage has passed and is watched on while after-stage of 100% runs',
    ])
  })

  it('does not keep the canary from being judged: when that fails, it is stopped and nothing follows', async () => {
    const { outcome, asked } = await walk(ALL, async ({ name, child }, { takes, breakCanary }) => {
      if (name !== 'after') return undefined
      breakCanary()
      await takes(60 * MINUTE, child)
      return { exitCode: null, ended: 'cancelled' }
    })
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', stages: [{ verdict: 'fail' }] })
    expect(asked.map(({ name }) => name)).toEqual(['before', 'during', 'after'])
  })
})

describe('a run that is cancelled', () => {
  it.each(['before', 'during', 'after'])('stops %s, and waits until it has ended', async (name) => {
    let ended = false
    const { outcome } = await walk(ALL, async (one, { takes, ports }) => {
      if (one.name !== name) return undefined
      ports.cancel()
      await takes(60 * MINUTE, one.child)
      // It tidies up.
      await new Promise((resolve) => setTimeout(resolve, 20))
      ended = true
      return { exitCode: null, ended: 'cancelled' }
    })
    expect(outcome).toBeInstanceOf(Cancelled)
    expect(ended).toBe(true)
  })
})

describe('hooks of a rollout in which a person has a word', () => {
  it('are stopped where stages are skipped, and what comes before the last one is run', async () => {
    const { outcome, asked, weights } = await walk(
      ALL,
      async ({ name, stage, child }, { takes, ledger, transaction }) => {
        if (name !== 'during' || stage !== 1) return undefined
        const { record } = await transaction()
        await ledger.say(record, { kind: 'skip', by: 'ann', reason: 'a hotfix' })
        await takes(600 * MINUTE, child)
        return { exitCode: null, ended: 'cancelled' }
      },
      { stages: '[{ weight: 10%, watch: 2m }, { weight: 50%, watch: 1m }, { weight: 100%, watch: 1m }]' },
    )
    expect(outcome).toMatchObject(PROMOTED)
    expect(asked.map(({ name, stage }) => [name, stage])).toEqual([
      ['before', 1],
      ['during', 1],
      ['before', 3],
      ['during', 3],
      ['after', 3],
    ])
    expect(weights).toEqual({ blue: 0, green: 100 })
  })

  it('are stopped where a stage steps back, and none is run while it is watched there', async () => {
    const { outcome, asked, weights } = await walk(
      ALL,
      async ({ name, stage, child }, { takes, breakCanary }) => {
        if (name !== 'during' || stage !== 1) return undefined
        breakCanary()
        await takes(600 * MINUTE, child)
        return { exitCode: null, ended: 'cancelled' }
      },
      { stages: '[{ weight: 10%, watch: 2m, on-fail: { to: 5%, hold: 3m } }, { weight: 100%, watch: 1m }]' },
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    expect(asked.map(({ name }) => name)).toEqual(['before', 'during'])
    expect(weights).toEqual(BACK)
  })

  const THREE = '[{ weight: 10%, watch: 2m }, { weight: 50%, watch: 1m }, { weight: 100%, watch: 1m }]'
  const word = (kind: 'hold' | 'skip' | 'abort') => ({ kind, by: 'ann', reason: 'a hotfix' })

  it('prepare the last stage where the one between was being prepared', async () => {
    const { outcome, asked } = await walk(
      ALL,
      async ({ name, stage, child }, { takes, ledger, transaction }) => {
        if (name !== 'before' || stage !== 2) return undefined
        await ledger.say((await transaction()).record, word('skip'))
        await takes(600 * MINUTE, child)
        return { exitCode: null, ended: 'cancelled' }
      },
      { stages: THREE },
    )
    expect(outcome).toMatchObject(PROMOTED)
    expect(asked.map(({ name, stage }) => [name, stage]).slice(3)).toEqual([
      ['before', 2],
      ['before', 3],
      ['during', 3],
      ['after', 3],
    ])
  })

  it('prepare the last stage where the one between had been prepared before somebody held it', async () => {
    const { asked } = await walk(
      ALL,
      async ({ name, stage, child }, { takes, ledger, transaction }) => {
        if (name !== 'before' || stage !== 2) return undefined
        const { record } = await transaction()
        await ledger.say(record, word('hold'))
        await takes(2 * MINUTE, child)
        setTimeout(() => void ledger.say(record, word('skip')), 100)
        return undefined
      },
      { stages: THREE },
    )
    expect(asked.map(({ name, stage }) => [name, stage])).toContainEqual(['before', 3])
  })

  it('let no traffic be moved that somebody does not want any more', async () => {
    const { outcome, writes } = await walk(ALL, async ({ name }, { ledger, transaction }) => {
      if (name === 'before') await ledger.say((await transaction()).record, word('abort'))
      return undefined
    })
    expect(said(outcome)).toMatch(/^no traffic was moved by this step: aborted by ann: a hotfix/)
    expect(writes).toEqual([])
  })

  it.each([1, 2])('let nothing follow stage %d that somebody does not want any more', async (at) => {
    const { outcome, weights, writes } = await walk(ALL, async ({ name, stage }, { ledger, transaction }) => {
      if (name === 'after' && stage === at) await ledger.say((await transaction()).record, word('abort'))
      return undefined
    })
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    if (at === 1) expect(writes).not.toContain('set server app/green weight 100')
    expect(weights).toEqual(BACK)
  })

  it('are run once, though the router is reloaded while one of them runs', async () => {
    let reloaded = false
    const { outcome, asked } = await walk(ALL, async ({ name, stage, child }, { takes, region }) => {
      if (name === 'before' && stage === 1) region().haproxy.configured = { blue: 100, green: 0 }
      if (name !== 'after' || stage !== 1 || reloaded) return undefined
      reloaded = true
      region().haproxy.weights = { blue: 100, green: 0 }
      region().haproxy.uptimeSec = 0
      await takes(6 * MINUTE, child)
      return undefined
    })
    expect(outcome).toMatchObject(PROMOTED)
    expect(asked.filter(({ name, stage }) => name === 'after' && stage === 1)).toHaveLength(1)
  })
})
