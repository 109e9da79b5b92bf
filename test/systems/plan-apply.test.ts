import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { testGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import {
  backendOf,
  configuration,
  KEY,
  localProvider,
  openTerraformLab,
  programPath,
  SECRET,
  TOOLS,
  type Inputs,
  type TerraformLab,
} from './terraform.fixture'

// plan-apply as it ships, with the tools themselves.

describe.each(TOOLS)('with $name', ({ name: kind, tool }) => {
  let lab: TerraformLab
  beforeEach(async () => {
    lab = await openTerraformLab(tool, configuration('one'))
  })
  afterEach(() => lab.close())

  const write = (input: string, command?: string): Promise<void> => lab.write(configuration(input, command))

  it('A7 1, 2, 32 and 48: applies what was approved, once, and says nothing of a secret', async () => {
    const approved = await lab.planned()
    const applied = await lab.step({ ...approved, 'export-outputs': 'first' })
    expect(applied.outputs).toMatchObject({ outcome: 'applied', outputs: '{"first":"one"}' })
    expect(lab.stateOf('eu').resources.map(({ name }) => name)).toEqual(['first', 'second'])
    const again = await lab.step(approved)
    expect(again.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'plan-used' })
    const unchanged = await lab.step({ mode: 'plan' })
    expect(unchanged.outputs).toMatchObject({ outcome: 'no-changes', 'has-changes': 'false' })
    // Nothing is kept that an apply could be approved of.
    expect(unchanged.outputs['plan-id']).toBeUndefined()
    expect(unchanged.summary).toContain('There is nothing to apply.')
    const evidence = join(lab.job.temp, 'deploy-actions/evidence')
    const [last = ''] = (await readdir(evidence)).toSorted().toReversed()
    expect(JSON.parse(await readFile(join(evidence, last), 'utf8'))).toMatchObject({
      ...{ outcome: 'no-changes', facts: { 'has-changes': false, applyable: false } },
    })
    for (const { stdout, stderr, summary, outputs } of [applied, again])
      expect(
        stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr + summary + JSON.stringify(outputs),
      ).not.toContain(SECRET)
  }, 60_000)

  // Whoever is refused so has not started the tool: there is none.
  const NO_TOOL = { tool: 'not-there' }
  it.each([
    ['27', 'region', { region: 'us' }, 'plan-mismatch'],
    ['27', 'environment', { environment: 'prod-us' }, 'plan-mismatch'],
    ['27', 'workspace', { workspace: 'blue' }, 'plan-mismatch'],
    ['26', 'backend', (): Inputs => ({ 'backend-config': backendOf(lab.server, 'us') }), 'plan-mismatch'],
    ['28', 'digest', { 'plan-sha256': `sha256:${'0'.repeat(64)}` }, 'plan-tampered'],
    ['30', 'id', { 'plan-id': 'another' }, 'plan-not-found'],
    ['29', 'key', { secrets: `PLAN_KEY=${KEY}x\nTF_VAR_token=${SECRET}` }, 'plan-tampered'],
  ])(
    'A7 %s: refuses a plan for another %s, and applies nothing',
    async (_, __, other, reason) => {
      const approved = await lab.planned()
      const refused = await lab.step({
        ...approved,
        ...NO_TOOL,
        ...(typeof other === 'function' ? other() : other),
      })
      expect(refused.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': reason })
      expect(lab.server.states.size).toBe(0)
    },
    60_000,
  )

  it('A7 27: plans and applies in the workspace that is meant, whichever the folder was left at', async () => {
    const cwd = join(lab.job.workspace, 'infra')
    await lab.write('resource "terraform_data" "a" {}\n')
    execFileSync(programPath(tool), ['init'], { cwd, stdio: 'pipe' })
    for (const name of ['blue', 'green'])
      execFileSync(programPath(tool), ['workspace', 'new', name], { cwd, stdio: 'pipe' })
    const there = { 'backend-config': '', 'local-state': 'true', workspace: 'blue' }
    const { outputs } = await lab.step({ ...(await lab.planned(there)), ...there })
    expect(outputs).toMatchObject({ outcome: 'applied' })
    const states = ['terraform.tfstate.d/blue', 'terraform.tfstate.d/green', '.'].map((folder) =>
      readdir(join(cwd, folder)).then((names) => names.includes('terraform.tfstate')),
    )
    expect(await Promise.all(states)).toEqual([true, false, false])
  }, 60_000)

  it('A7 26: refuses a plan for a backend that the environment has moved', async () => {
    // Without settings of the step, the tool takes the address from its own variables.
    const at = (region: string): Record<string, string> => ({
      TF_HTTP_ADDRESS: `${lab.server.address}/${region}`,
      TF_HTTP_LOCK_ADDRESS: `${lab.server.address}/${region}`,
      TF_HTTP_UNLOCK_ADDRESS: `${lab.server.address}/${region}`,
    })
    const { outputs } = await lab.step({ mode: 'plan', 'backend-config': '' }, { env: at('eu') })
    const approved = { mode: 'apply', 'plan-id': outputs['plan-id']!, 'plan-sha256': outputs['plan-sha256']! }
    const moved = await lab.step({ ...approved, 'backend-config': '', ...NO_TOOL }, { env: at('us') })
    expect(moved.outputs).toMatchObject({ 'failure-reason': 'plan-mismatch' })
    expect(lab.server.states.size).toBe(0)
    expect((await lab.step({ ...approved, 'backend-config': '' }, { env: at('eu') })).outputs).toMatchObject({
      outcome: 'applied',
    })
  }, 60_000)

  it('A7 28 and 29: refuses a plan that was exchanged, of which a bit was flipped, or whose manifest was swapped, and one of another commit', async () => {
    const approved = await lab.planned()
    const commit = await lab.step({ ...approved, ...NO_TOOL }, { env: { GITHUB_SHA: 'd'.repeat(40) } })
    expect(commit.outputs).toMatchObject({ 'failure-reason': 'plan-mismatch' })
    const folder = join(lab.job.workspace, 'plans', approved['plan-id'] ?? '')
    const [sealed, manifest] = [
      await readFile(join(folder, 'plan.sealed')),
      await readFile(join(folder, 'manifest.json'), 'utf8'),
    ]
    const refused = async (inputs: Inputs = {}): Promise<void> => {
      const { outputs } = await lab.step({ ...approved, ...NO_TOOL, ...inputs })
      expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'plan-tampered' })
      await writeFile(join(folder, 'plan.sealed'), sealed)
      await writeFile(join(folder, 'manifest.json'), manifest)
    }
    await writeFile(join(folder, 'manifest.json'), manifest.replace('"region":"eu"', '"region":"us"'))
    await refused({ region: 'us' })
    const flipped = Buffer.from(sealed)
    flipped.writeUInt8(flipped.readUInt8(200) ^ 1, 200)
    await writeFile(join(folder, 'plan.sealed'), flipped)
    await refused()
    const other = await lab.planned()
    const otherPlan = join(lab.job.workspace, 'plans', other['plan-id'] ?? '')
    await writeFile(join(folder, 'plan.sealed'), await readFile(join(otherPlan, 'plan.sealed')))
    await writeFile(join(folder, 'manifest.json'), await readFile(join(otherPlan, 'manifest.json'), 'utf8'))
    await refused()
    expect(lab.server.states.size).toBe(0)
    expect((await lab.step(approved)).outputs).toMatchObject({ outcome: 'applied' })
  }, 90_000)

  it('A7 30: finds the plan of its own run alone, whatever another run has uploaded', async () => {
    const github = await testGitHub()
    try {
      const inJob = (): { env: Record<string, string>; token: string } => {
        const { run, job } = github.begin({ actions: 'read' })
        return {
          env: { ...github.github.environmentFor(job, run), GITHUB_RUN_ID: String(run.id) },
          token: job.token,
        }
      }
      const artifact = { 'plan-store': 'artifact' }
      const [first, second] = [inJob(), inJob()]
      const { outputs } = await lab.step(
        { mode: 'plan', ...artifact, 'github-token': first.token },
        { env: first.env },
      )
      const approved = {
        mode: 'apply',
        ...artifact,
        'plan-id': outputs['plan-id']!,
        'plan-sha256': outputs['plan-sha256']!,
      }
      const stranger = await lab.step(
        { ...approved, ...NO_TOOL, 'github-token': second.token },
        { env: second.env },
      )
      expect(stranger.outputs).toMatchObject({ 'failure-reason': 'plan-not-found' })
      const own = await lab.step({ ...approved, 'github-token': first.token }, { env: first.env })
      expect(own.outputs).toMatchObject({ outcome: 'applied' })
      const again = await lab.step(
        { ...approved, ...NO_TOOL, 'github-token': first.token },
        { env: first.env },
      )
      expect(again.outputs).toMatchObject({ 'failure-reason': 'plan-used' })
    } finally {
      await github.close()
    }
  }, 90_000)

  it('A7 31: refuses a plan that is too old', async () => {
    const approved = await lab.planned({ 'plan-max-age': '1s' })
    await sleep(1_000)
    expect((await lab.step({ ...approved, ...NO_TOOL })).outputs).toMatchObject({
      'failure-reason': 'plan-expired',
    })
  }, 60_000)

  it('A7 33: refuses a plan of another version of the tool, and a tool that is too old', async () => {
    const real = programPath(tool)
    const [version = ''] = /\d+\.\d+\.\d+/.exec(execFileSync(real, ['version'], { encoding: 'utf8' })) ?? []
    const saying = async (other: string): Promise<string> => {
      const file = join(lab.job.temp, `${kind}-${other}`)
      const text = `#!/bin/sh\n[ "$1" = version ] || exec ${real} "$@"\n${real} "$@" | sed 's/${version}/${other}/g'\n`
      await writeFile(file, text, { mode: 0o755 })
      return file
    }
    const approved = await lab.planned()
    const other = await lab.step({ ...approved, tool: await saying('1.9.99') })
    expect(other.outputs).toMatchObject({
      ...{
        'failure-reason': 'plan-mismatch',
        reason: expect.stringContaining('version of the tool: planned for'),
      },
    })
    const old = await lab.step({ mode: 'plan', tool: await saying('1.4.7') })
    expect(old.outputs).toMatchObject({
      ...{ 'failure-reason': 'tool-missing', reason: expect.stringMatching(/1\.4\.7\S* is too old/) },
    })
    expect(lab.server.states.size).toBe(0)
  }, 60_000)

  it('A7 34: refuses a plan of another dependency lock file, and where there is none any more', async () => {
    const file = join(lab.job.workspace, 'infra/.terraform.lock.hcl')
    await writeFile(file, '# one\n')
    const approved = await lab.planned()
    await writeFile(file, '# two\n')
    const expected = {
      ...{ 'failure-reason': 'plan-mismatch', reason: expect.stringContaining('dependency lock file') },
    }
    expect((await lab.step(approved)).outputs).toMatchObject(expected)
    await rm(file)
    expect((await lab.step(approved)).outputs).toMatchObject(expected)
    expect(lab.server.states.size).toBe(0)
  }, 60_000)

  it('A7 35: applies what was approved although the configuration is another one now, and says so', async () => {
    const approved = await lab.planned()
    await write('edited')
    const { outputs, stdout } = await lab.step({ ...approved, verify: 'state', 'export-outputs': 'first' })
    expect(outputs).toMatchObject({ outcome: 'applied', outputs: '{"first":"one"}' })
    expect(stdout).toContain('the configuration is not the one that was planned')
  }, 60_000)

  it('A7 36: refuses what an apply would not heed, all at once', async () => {
    const { outputs } = await lab.step({
      ...{ mode: 'apply', target: 'terraform_data.first', replace: 'terraform_data.second', destroy: 'true' },
      ...{ 'var-files': 'infra/main.tf' },
    })
    expect(outputs).toMatchObject({ outcome: 'invalid' })
    for (const name of ['target', 'replace', 'destroy', 'var-files', 'plan-id', 'plan-sha256'])
      expect(outputs['reason']).toContain(`input \`${name}\``)
  }, 60_000)

  // What the step hands on would hide what the job has of the same name.
  it.each<[string, Inputs]>([
    ['step', { secrets: `PLAN_KEY=${KEY}\nTF_VAR_token=marlin-of-the-test` }],
    ['job', { secrets: `PLAN_KEY=${KEY}`, 'tool-secrets': '' }],
  ])(
    'A7 37: does not hand variables of the %s on to an apply, which Terraform before 1.14 would print',
    async (_, inputs) => {
      const [real, given] = [programPath(tool), join(lab.job.temp, 'given')]
      const watched = join(lab.job.temp, 'watched')
      // OpenTofu prints none, and gets them: here it says that it is Terraform.
      const script = `#!/bin/sh
[ "$1" != version ] || { ${real} version | sed s/OpenTofu/Terraform/; exit; }
[ "$1" != apply ] || env | grep ^TF_VAR_ >${given}
exec ${real} "$@"
`
      await writeFile(watched, script, { mode: 0o755 })
      const approved = await lab.planned({ tool: watched })
      const { outputs, stdout, stderr, summary } = await lab.step(
        { ...approved, tool: watched, verify: 'state', ...inputs },
        { env: { TF_VAR_token: 'sturgeon-of-the-test' } },
      )
      expect(await readFile(given, 'utf8')).toBe('')
      expect(outputs).toMatchObject({ outcome: 'applied' })
      const all = stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr + summary + JSON.stringify(outputs)
      expect(all).not.toMatch(/(swordfish|marlin|sturgeon)-of-the-test/)
      expect(lab.server.states.get('/eu')).toContain(SECRET)
    },
    60_000,
  )

  it('A7 37: hands them on to OpenTofu, which may need them to read its encrypted state', async () => {
    await lab.write(`terraform {
  backend "http" {}
  encryption {
    key_provider "pbkdf2" "of" {
      passphrase = var.token
      iterations = 200000
    }
    method "aes_gcm" "by" {
      keys = key_provider.pbkdf2.of
    }
    state {
      method = method.aes_gcm.by
    }
  }
}
variable "token" {
  sensitive = true
}
resource "terraform_data" "a" {}
`)
    // Terraform has no such block.
    if (kind === 'terraform') {
      const { outputs } = await lab.step({ mode: 'plan' })
      expect(outputs).toMatchObject({
        outcome: 'failed',
        reason: expect.stringContaining('Unsupported block'),
      })
      return
    }
    expect((await lab.step(await lab.planned())).outputs).toMatchObject({ outcome: 'applied' })
    expect(lab.stateOf('eu')).toHaveProperty('encrypted_data')
  }, 60_000)

  it('A7 38: hands on the variables that no plan keeps', async () => {
    await lab.write(`terraform {
  backend "http" {}
}
variable "token" {
  ephemeral = true
}
resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "test $TOKEN = ${SECRET}"
    environment = {
      TOKEN = var.token
    }
  }
}
`)
    if (kind === 'tofu') {
      // OpenTofu knows of them from 1.11 on.
      const { outputs } = await lab.step({ mode: 'plan' })
      expect(outputs).toMatchObject({
        outcome: 'failed',
        reason: expect.stringContaining('Unsupported argument'),
      })
      return
    }
    expect((await lab.step(await lab.planned())).outputs).toMatchObject({ outcome: 'applied' })
  }, 60_000)

  it('A7 24: refuses a plan whose state was written since', async () => {
    await lab.step(await lab.planned())
    await write('two')
    const [first, second] = [await lab.planned(), await lab.planned()]
    expect((await lab.step(first)).outputs).toMatchObject({ outcome: 'applied' })
    const { serial } = lab.stateOf('eu')
    expect((await lab.step(second)).outputs).toMatchObject({
      outcome: 'failed',
      'failure-reason': 'plan-stale',
    })
    expect(lab.stateOf('eu').serial).toBe(serial)
  }, 90_000)

  it('A7 25: refuses a plan of a state of another lineage, also where there was none when it was made', async () => {
    const first = await lab.planned()
    const other = await lab.planned()
    await lab.step(first)
    expect((await lab.step(other)).outputs).toMatchObject({ 'failure-reason': 'plan-mismatch' })
    await write('two')
    const approved = await lab.planned()
    const state = { ...lab.stateOf('eu'), lineage: '00000000-0000-4000-8000-000000000000' }
    lab.server.states.set('/eu', JSON.stringify(state))
    expect((await lab.step(approved)).outputs).toMatchObject({ 'failure-reason': 'plan-mismatch' })
    expect(lab.stateOf('eu')).toEqual(state)
  }, 90_000)

  it('A7 39: refuses a plan that would be another one now, and names what changed', async () => {
    const approved = await lab.planned()
    await write('two')
    const changed = await lab.step(approved)
    expect(changed.outputs).toMatchObject({ 'failure-reason': 'plan-changed' })
    expect(changed.outputs['reason']).toContain('terraform_data.first')
    expect(lab.server.states.size).toBe(0)
  }, 60_000)

  it('A7 39: notices what changed outside, and tells what was done where it is not to look', async () => {
    const env = await localProvider(lab, kind)
    const folder = join(lab.job.workspace, 'files')
    const of = (text: string): string =>
      `terraform {\n  backend "http" {}\n}\nresource "terraform_data" "a" {\n  input = "${text}"\n}\nresource "local_file" "f" {\n  filename = "${folder}/\${terraform_data.a.output}/f.txt"\n  content = "x"\n}\n`
    const approvedPlan = async (text: string): Promise<Inputs> => {
      await lab.write(of(text))
      const { outputs } = await lab.step({ mode: 'plan' }, { env })
      expect(outputs).toMatchObject({ outcome: 'planned' })
      return { mode: 'apply', 'plan-id': outputs['plan-id']!, 'plan-sha256': outputs['plan-sha256']! }
    }
    expect((await lab.step(await approvedPlan('one'), { env })).outputs).toMatchObject({ outcome: 'applied' })
    const second = await approvedPlan('two')
    await writeFile(join(folder, 'one/f.txt'), 'changed by somebody')
    const { serial } = lab.stateOf('eu')
    const noticed = await lab.step(second, { env })
    expect(noticed.outputs).toMatchObject({
      ...{ 'failure-reason': 'plan-changed', reason: expect.stringContaining('local_file.f') },
    })
    expect(lab.stateOf('eu').serial).toBe(serial)
    await writeFile(join(folder, 'one/f.txt'), 'x')
    // A folder stands where the file is to come.
    await mkdir(join(folder, 'two/f.txt'), { recursive: true })
    const partial = await lab.step({ ...second, verify: 'state' }, { env })
    expect(partial.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'apply-partial' })
    // It was destroyed first.
    expect(partial.summary).toMatch(/destroyed, not made anew \| local\\_file\.f/)
    expect(partial.summary).toMatch(/done \| terraform\\_data\.a/)
  }, 120_000)

  it('A7 40: tells what was done where an apply fails in its middle, and that it has to be planned anew', async () => {
    await write('one', 'exit 3')
    const approved = await lab.planned()
    const failed = await lab.step(approved)
    expect(failed.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'apply-partial' })
    expect(failed.outputs['reason']).toMatch(/1 done, 1 failed, 0 not begun.*plan once more/)
    expect(lab.server.locks.size).toBe(0)
    const again = await lab.step(approved)
    expect(again.outputs).toMatchObject({
      'failure-reason': 'plan-used',
      reason: expect.stringContaining('plan again'),
    })
  }, 60_000)

  it('A7 40: says of what was destroyed and not made anew that it is so', async () => {
    const of = (version: string, command: string): string => `terraform {
  backend "http" {}
}
resource "terraform_data" "first" {
  triggers_replace = "${version}"
  provisioner "local-exec" {
    command = "${command}"
  }
}
resource "terraform_data" "database" {
  triggers_replace = [terraform_data.first.id]
}
`
    await lab.write(of('one', 'true'))
    await lab.step(await lab.planned())
    await lab.write(of('two', 'exit 3'))
    const { outputs, summary } = await lab.step(await lab.planned())
    expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'apply-partial' })
    expect(outputs['reason']).toMatch(/0 done, .*destroyed and not made anew/)
    expect(summary).toMatch(/destroyed, not made anew \| terraform\\_data\.database/)
    expect(summary).not.toMatch(/\| done \|/)
  }, 60_000)

  it('A7 10 and 36: heeds what forbids at the apply, and outputs that there are not, before anything is applied', async () => {
    const approved = await lab.planned()
    await lab.step(approved)
    const destroying = await lab.planned({ destroy: 'true' })
    const { serial } = lab.stateOf('eu')
    for (const forbids of [{ 'max-destroy': '0' }, { protected: 'terraform_data' }])
      expect((await lab.step({ ...destroying, ...forbids })).outputs).toMatchObject({
        'failure-reason': 'policy-violation',
      })
    expect((await lab.step({ ...destroying, 'export-outputs': 'firts' })).outputs).toMatchObject({
      ...{ outcome: 'invalid', reason: expect.stringContaining('firts') },
    })
    expect(lab.stateOf('eu').serial).toBe(serial)
    expect((await lab.step(destroying)).outputs).toMatchObject({ outcome: 'applied' })
  }, 90_000)

  it('A7 26: refuses a configuration whose state would be gone with the runner', async () => {
    await lab.write('resource "terraform_data" "a" {}\n')
    for (const backend of [backendOf(lab.server, 'eu'), ''])
      expect((await lab.step({ mode: 'plan', 'backend-config': backend })).outputs).toMatchObject({
        ...{ 'failure-reason': 'init-failed', reason: expect.stringContaining('has no backend') },
      })
    const local = { 'backend-config': '', 'local-state': 'true' }
    expect((await lab.step({ ...(await lab.planned(local)), ...local })).outputs).toMatchObject({
      outcome: 'applied',
    })
  }, 60_000)

  it('A7 48: hides secrets that the apply has made, and outputs that hold one', async () => {
    const of = (command: string): string => `terraform {
  backend "http" {}
}
variable "token" {
  sensitive = true
}
resource "terraform_data" "made" {}
resource "terraform_data" "user" {
  input = sensitive(terraform_data.made.id)
  provisioner "local-exec" {
    command = "${command}"
  }
}
output "copied" {
  value = nonsensitive("a \${var.token}")
}
`
    await lab.write(of('echo login ${self.input}; exit 3'))
    const failed = await lab.step(await lab.planned())
    const state = JSON.parse(lab.server.states.get('/eu') ?? '{}') as {
      resources: { instances: { attributes: { id: string } }[] }[]
    }
    const [made = ''] = state.resources.map(({ instances: [one] }) => one?.attributes.id ?? '')
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
    const { stdout, stderr, summary, outputs } = failed
    expect(
      stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr + summary + JSON.stringify(outputs),
    ).not.toContain(made)
    await lab.write(of('true'))
    const { outputs: copied } = await lab.step({ ...(await lab.planned()), 'export-outputs': 'copied' })
    expect(copied).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('applied as approved, but'),
    })
    expect(JSON.stringify(copied)).not.toContain(SECRET)
  }, 90_000)
})
