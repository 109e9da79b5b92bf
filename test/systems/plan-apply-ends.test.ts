import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@deploy-actions/local-cluster'
import {
  backendOf,
  configuration,
  openTerraformLab,
  programPath,
  TOOLS,
  type TerraformLab,
} from './terraform.fixture'

// Applies by plan-apply as it ships that are cancelled, killed or locked out, or whose state is not taken.

const run = promisify(execFile)

describe.each(TOOLS)('with $name', ({ tool }) => {
  let lab: TerraformLab
  beforeEach(async () => {
    lab = await openTerraformLab(tool, configuration('one'))
  })
  afterEach(() => lab.close())

  const write = (input: string, command?: string): Promise<void> => lab.write(configuration(input, command))
  const isThere = (path: string): Promise<boolean> =>
    access(join(lab.job.workspace, path)).then(
      () => true,
      () => false,
    )
  /** Waits half a minute at most. */
  const when = (isSo: () => Promise<boolean>): Promise<void> =>
    until(async () => {
      if (!(await isSo())) throw new Error('it has not come')
    }, 600)
  /** when a provisioner has begun */
  const begun = (): Promise<boolean> => isThere('begun')

  it('A7 41: who holds a lock is told, and not the lock that the backend of HTTP prints, which is ours', async () => {
    lab.server.locks.set('/eu', JSON.stringify({ ID: 'aaaa-bbbb', Who: 'ann@laptop' }))
    const { outputs } = await lab.step({ mode: 'plan', 'lock-timeout': '1s' })
    expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'state-locked' })
    expect(JSON.parse(outputs['lock-info'] ?? '{}')).toEqual({ id: 'aaaa-bbbb' })
    // Drift is looked for without a lock.
    expect((await lab.step({ mode: 'drift' })).outputs).toMatchObject({ outcome: 'drifted' })
  }, 60_000)

  it('A7 41: who holds a lock is told by an apply, whichever of its steps needs it', async () => {
    const approved = await lab.planned()
    lab.server.locks.set('/eu', JSON.stringify({ ID: 'aaaa-bbbb' }))
    for (const verify of ['replan', 'state']) {
      const { outputs } = await lab.step({ ...approved, verify, 'lock-timeout': '1s' })
      expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'state-locked' })
      expect(JSON.parse(outputs['lock-info'] ?? '{}')).toEqual({ id: 'aaaa-bbbb' })
    }
    expect(lab.server.states.size).toBe(0)
  }, 60_000)

  it('A7 41: who holds a lock of a file is told', async () => {
    await lab.write(
      'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    command = "echo begun > ../begun; sleep 5"\n  }\n}\n',
    )
    const cwd = join(lab.job.workspace, 'infra')
    execFileSync(tool, ['init'], { cwd, stdio: 'pipe' })
    const other = run(tool, ['apply', '-auto-approve', '-input=false'], { cwd })
    await when(begun)
    const { outputs } = await lab.step({
      mode: 'plan',
      'backend-config': '',
      'lock-timeout': '1s',
      'local-state': 'true',
    })
    expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'state-locked' })
    expect(JSON.parse(outputs['lock-info'] ?? '{}')).toMatchObject({
      ...{ operation: 'OperationTypeApply', path: 'terraform.tfstate' },
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    await other
  }, 60_000)

  // By whatever looks first: the plan that is made once more, or the apply itself.
  it.each(['replan', 'state'])(
    'A7 42: a state that somebody writes while its lock is waited for makes the plan stale, with verify: %s',
    async (verify) => {
      await lab.step(await lab.planned())
      await write('two')
      const approved = await lab.planned()
      lab.server.locks.set('/eu', JSON.stringify({ ID: 'aaaa-bbbb' }))
      const applying = lab.step({ ...approved, verify })
      await when(() => Promise.resolve(lab.server.turnedAway() > 0))
      const state = lab.stateOf('eu')
      lab.server.states.set('/eu', JSON.stringify({ ...state, serial: state.serial + 1 }))
      lab.server.locks.clear()
      const { outputs } = await applying
      expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'plan-stale' })
      expect(lab.stateOf('eu').serial).toBe(state.serial + 1)
      expect(lab.server.locks.size).toBe(0)
    },
    60_000,
  )

  it('A7 42: a plan that has waited for a lock is made against what its holder has written, and can be applied', async () => {
    await lab.step(await lab.planned())
    await write('two')
    lab.server.locks.set('/eu', JSON.stringify({ ID: 'aaaa-bbbb' }))
    const planning = lab.planned()
    await when(() => Promise.resolve(lab.server.turnedAway() > 0))
    const state = lab.stateOf('eu')
    lab.server.states.set('/eu', JSON.stringify({ ...state, serial: state.serial + 1 }))
    lab.server.locks.clear()
    expect((await lab.step(await planning)).outputs).toMatchObject({ outcome: 'applied' })
  }, 60_000)

  it('A7 42: a lock is waited for as long as is said, by a plan, the one that is made once more, and an apply', async () => {
    const watched = join(lab.job.temp, 'watched')
    const script = `#!/bin/sh\necho "$@" >>../arguments\nexec ${programPath(tool)} "$@"\n`
    await writeFile(watched, script, { mode: 0o755 })
    const patient = { tool: watched, 'lock-timeout': '90s' }
    const { outputs } = await lab.step({ ...(await lab.planned(patient)), ...patient })
    expect(outputs).toMatchObject({ outcome: 'applied' })
    const said = await readFile(join(lab.job.workspace, 'arguments'), 'utf8')
    expect(said.match(/^(plan|apply)(?= .*-lock-timeout=90s )/gm)).toEqual(['plan', 'plan', 'apply'])
  }, 60_000)

  it('A7 44: the tool is asked to stop once, whatever else the runner sends: at a second signal it would lose its state', async () => {
    const approved = await lab.planned()
    const real = programPath(tool)
    const stubborn = join(lab.job.temp, 'stubborn')
    await writeFile(
      stubborn,
      `#!/bin/sh
[ "$1" = apply ] || exec ${real} "$@"
trap 'echo INT >>../signals' INT
trap 'echo TERM >>../signals' TERM
echo begun >../begun
for _ in $(seq 30); do sleep 0.1; done
exit 1
`,
      { mode: 0o755 },
    )
    let signal: (name: NodeJS.Signals) => void = () => undefined
    const applying = lab.step(
      { ...approved, tool: stubborn, verify: 'state' },
      { onStart: (kill) => void (signal = kill) },
    )
    await when(begun)
    signal('SIGINT')
    await when(() => isThere('signals'))
    signal('SIGTERM')
    signal('SIGINT')
    expect((await applying).outputs).toMatchObject({ outcome: 'cancelled', 'failure-reason': 'cancelled' })
    expect(await readFile(join(lab.job.workspace, 'signals'), 'utf8')).toBe('INT\n')
  }, 60_000)

  it('A7 47: what a provisioner has left running is said', async () => {
    await write('one', 'sleep 8 >/dev/null 2>&1 &')
    const { outputs, stdout } = await lab.step(await lab.planned())
    expect(outputs).toMatchObject({ outcome: 'applied' })
    expect(stdout).toContain('what its provisioners have started is still running')
  }, 60_000)

  it('A7 43: ends an apply that is cancelled in its own time: lock freed, state saved', async () => {
    await write('one', 'echo begun > ../begun; sleep 20')
    const approved = await lab.planned()
    const cancelled = await lab.step(approved, {
      end: { signal: 'SIGINT', when: begun },
    })
    expect(cancelled).toMatchObject({
      exitCode: 1,
      outputs: {
        outcome: 'cancelled',
        'failure-reason': 'cancelled',
        reason: expect.stringContaining('1 done'),
      },
    })
    expect(lab.server.locks.size).toBe(0)
    expect(lab.stateOf('eu').resources.map(({ name }) => name)).toEqual(['first', 'second'])
  }, 60_000)

  it('A7 45: sees an apply to its end whose step was killed', async () => {
    await write('one', 'echo begun > ../begun; sleep 3')
    const approved = await lab.planned()
    const killed = await lab.step(approved, {
      end: { signal: 'SIGKILL', when: begun },
    })
    expect(killed.exitCode).toBeNull()
    const ended = await lab.step({}, { state: killed.state })
    expect(ended).toMatchObject({ exitCode: 0, summary: expect.stringContaining('done') })
    expect(lab.server.locks.size).toBe(0)
    expect(lab.stateOf('eu').resources.map(({ name }) => name)).toEqual(['first', 'second'])
    expect(await readdir(lab.job.temp)).not.toContainEqual(expect.stringMatching(/^plan-apply/))
  }, 60_000)

  it('A7 45: leaves a lock alone that is not ours for certain, and says whose it is', async () => {
    await write('one', 'echo begun > ../begun; sleep 20')
    const approved = await lab.planned()
    const killed = await lab.step(approved, {
      end: { signal: 'SIGKILL', when: begun },
    })
    const { pid } = JSON.parse(killed.state['apply'] ?? '{}') as { pid: number }
    process.kill(-pid, 'SIGKILL')
    const [lock = '{}'] = lab.server.locks.values()
    const ended = await lab.step({}, { state: killed.state })
    const { ID } = JSON.parse(lock) as { ID: string }
    expect(ended).toMatchObject({
      exitCode: 1,
      summary: expect.stringContaining(`NOT freed: the state is locked by ${ID}`),
    })
    expect(lab.server.locks.size).toBe(1)
  }, 60_000)

  it('A7 46: keeps a state sealed that its backend does not take, and a recovery brings it there', async () => {
    const impatient = { 'backend-config': `${backendOf(lab.server, 'eu')}\nretry_max=0` }
    const approved = { ...(await lab.planned(impatient)), ...impatient }
    lab.server.refuse(Infinity)
    const unsaved = await lab.step(approved, {
      // Its pauses between tries are a minute and a half.
      env: {
        GITHUB_API_URL: 'http://127.0.0.1:9',
        DEPLOY_ACTIONS_SPEED: '60',
        DEPLOY_ACTIONS_EPOCH: String(Date.now()),
      },
    })
    expect(unsaved.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'state-save-failed' })
    const [, id = ''] = /mode: recover with plan-id: (\S+)/.exec(unsaved.outputs['reason'] ?? '') ?? []
    lab.server.refuse(0)
    const recover = { ...impatient, mode: 'recover', 'plan-id': id }
    expect((await lab.step({ ...recover, region: 'us' })).outputs).toMatchObject({
      'failure-reason': 'plan-mismatch',
    })
    expect((await lab.step(recover)).outputs).toMatchObject({ outcome: 'recovered' })
    expect(lab.stateOf('eu').resources).toHaveLength(2)
    expect((await lab.step({ ...impatient, mode: 'plan' })).outputs).toMatchObject({ outcome: 'no-changes' })
  }, 120_000)

  it('A7 46: saves a state that its backend did not take at first', async () => {
    const approved = await lab.planned()
    // The backend itself tries three times, and so does the first push.
    lab.server.refuse(5)
    const applied = await lab.step(approved)
    expect(applied.outputs).toMatchObject({
      outcome: 'applied',
      reason: expect.stringContaining('the state was not saved at first'),
    })
    expect(lab.stateOf('eu').resources).toHaveLength(2)
    expect(lab.server.locks.size).toBe(0)
  }, 60_000)

  it('A7 45: waits for a tool that a script stands before, and that is another program by then', async () => {
    await write('one', 'echo begun > ../begun; sleep 4')
    const shim = join(lab.job.temp, 'shim')
    await writeFile(shim, `#!/bin/bash\nexec ${programPath(tool)} "$@"\n`, { mode: 0o755 })
    const approved = { ...(await lab.planned({ tool: shim })), tool: shim }
    const killed = await lab.step(approved, { end: { signal: 'SIGKILL', when: begun } })
    expect(lab.server.locks.size).toBe(1)
    const ended = await lab.step({}, { state: killed.state })
    expect(ended).toMatchObject({ exitCode: 0, summary: expect.stringContaining('1 done, 1 failed') })
    expect(lab.stateOf('eu').resources.map(({ name }) => name)).toEqual(['first', 'second'])
    expect(lab.server.locks.size).toBe(0)
  }, 60_000)

  it('A7 45: takes nobody else for the tool who has its number by then', async () => {
    await write('one', 'echo begun > ../begun; sleep 20')
    const killed = await lab.step(await lab.planned(), { end: { signal: 'SIGKILL', when: begun } })
    const apply = JSON.parse(killed.state['apply'] ?? '{}') as { pid: number }
    process.kill(-apply.pid, 'SIGKILL')
    const other = spawn('sleep', ['60'])
    try {
      const state = { ...killed.state, apply: JSON.stringify({ ...apply, pid: other.pid }) }
      expect((await lab.step({}, { state })).summary).toContain('NOT freed')
      expect([other.exitCode, other.signalCode]).toEqual([null, null])
    } finally {
      other.kill()
    }
  }, 60_000)

  it('A7 45: leaves the lock and the state of another backend alone, to which a later step has brought the folder', async () => {
    await write('one', 'echo begun > ../begun; sleep 20')
    const killed = await lab.step(await lab.planned(), { end: { signal: 'SIGKILL', when: begun } })
    const { pid } = JSON.parse(killed.state['apply'] ?? '{}') as { pid: number }
    process.kill(-pid, 'SIGKILL')
    await lab.step({ mode: 'plan', region: 'us', 'backend-config': backendOf(lab.server, 'us') })
    await writeFile(
      join(lab.job.workspace, 'infra/errored.tfstate'),
      JSON.stringify({
        version: 4,
        terraform_version: '1.5.0',
        serial: 9,
        lineage: 'l',
        outputs: {},
        resources: [],
      }),
    )
    lab.server.locks.set('/us', JSON.stringify({ ID: 'ann' }))
    const ended = await lab.step({}, { state: killed.state })
    expect(ended).toMatchObject({ exitCode: 1, summary: expect.stringContaining('NOT looked at') })
    expect(ended.summary).toContain('it is kept sealed as')
    expect(lab.server.states.size).toBe(0)
    expect([...lab.server.locks.keys()].toSorted()).toEqual(['/eu', '/us'])
  }, 60_000)

  it('A7 45: does not say of a lock that it is free where nobody answers', async () => {
    await write('one', 'echo begun > ../begun; sleep 20')
    const killed = await lab.step(await lab.planned(), { end: { signal: 'SIGKILL', when: begun } })
    const { pid } = JSON.parse(killed.state['apply'] ?? '{}') as { pid: number }
    process.kill(-pid, 'SIGKILL')
    await lab.server.close()
    const ended = await lab.step({}, { state: killed.state })
    expect(ended).toMatchObject({ exitCode: 1, summary: expect.stringContaining('NOT known whether') })
  }, 60_000)

  it('A7 45: says that a tool which was killed has left its lock', async () => {
    await write('one', 'echo begun > ../begun; sleep 20')
    const approved = await lab.planned()
    const applying = lab.step(approved)
    await when(begun)
    for (const pid of execFileSync('pgrep', ['-f', `${programPath(tool)} apply .*${lab.job.temp}`], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n'))
      process.kill(Number(pid), 'SIGKILL')
    const { outputs } = await applying
    const [lock = '{}'] = lab.server.locks.values()
    const { ID } = JSON.parse(lock) as { ID: string }
    expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'apply-partial' })
    expect(outputs['reason']).toContain(`NOT freed: the state is locked by ${ID}`)
  }, 60_000)

  it('A7 46: brings a kept state to its own backend alone, and takes what an earlier apply has left for its own never', async () => {
    const impatient = { 'backend-config': `${backendOf(lab.server, 'eu')}\nretry_max=0` }
    const approved = { ...(await lab.planned(impatient)), ...impatient }
    lab.server.refuse(Infinity)
    const fast = {
      DEPLOY_ACTIONS_SPEED: '60',
      DEPLOY_ACTIONS_EPOCH: String(Date.now()),
      GITHUB_API_URL: 'http://127.0.0.1:9',
    }
    const unsaved = await lab.step(approved, { env: fast })
    const [, id = ''] = /mode: recover with plan-id: (\S+)/.exec(unsaved.outputs['reason'] ?? '') ?? []
    // It is in clear, and the next step would take it for its own.
    expect(await isThere('infra/errored.tfstate')).toBe(false)
    lab.server.refuse(0)
    const elsewhere = { 'backend-config': `${backendOf(lab.server, 'us')}\nretry_max=0` }
    const recover = { mode: 'recover', 'plan-id': id }
    const wrong = [{ ...elsewhere }, { ...impatient, region: 'us' }]
    for (const inputs of wrong)
      expect((await lab.step({ ...recover, ...inputs })).outputs).toMatchObject({
        'failure-reason': 'plan-mismatch',
      })
    expect(lab.server.states.size).toBe(0)
    expect((await lab.step({ ...recover, ...impatient })).outputs).toMatchObject({ outcome: 'recovered' })
    await writeFile(join(lab.job.workspace, 'infra/errored.tfstate'), '{}')
    await write('two')
    const next = { ...(await lab.planned(impatient)), ...impatient }
    expect((await lab.step(next)).outputs).toMatchObject({
      ...{ 'failure-reason': 'state-save-failed', reason: expect.stringContaining('nothing was applied') },
    })
    expect(await isThere('infra/errored.tfstate')).toBe(true)
  }, 120_000)
})
