import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BundleResult } from '@deploy-actions/testing'
import {
  localProvider,
  openTerraformLab,
  programPath,
  SECRET,
  TOOLS,
  type Inputs,
  type TerraformLab,
} from './terraform.fixture'

// What plan-apply makes of plans, as the tools themselves plan.

const BACKEND = 'terraform {\n  backend "http" {}\n}\n'
const object = (name: string, inside = ''): string => `resource "terraform_data" "${name}" {\n${inside}\n}\n`
const WITH_TOKEN = `${BACKEND}variable "token" {\n  sensitive = true\n}\n${object('a', 'input = var.token')}`

describe.each(TOOLS)('with $name', ({ name: kind, tool }) => {
  let lab: TerraformLab
  beforeEach(async () => {
    lab = await openTerraformLab(tool, BACKEND + object('a'))
  })
  afterEach(() => lab.close())

  /** Applies a configuration, from whatever is there. */
  const brought = async (...parts: string[]): Promise<BundleResult> => {
    await lab.write(BACKEND + parts.join(''))
    return lab.step({ ...(await lab.planned()), verify: 'state' })
  }
  const planOf = async (inputs: Inputs, ...parts: string[]): Promise<BundleResult> => {
    if (parts.length > 0) await lab.write(BACKEND + parts.join(''))
    return lab.step({ mode: 'plan', ...inputs })
  }

  it('A7 3: a plan of outputs alone is one, and is applied', async () => {
    await brought(object('a'), 'output "o" {\n  value = "one"\n}\n')
    const { outputs, summary } = await planOf({}, object('a'), 'output "o" {\n  value = "two"\n}\n')
    expect(outputs).toMatchObject({
      outcome: 'planned',
      add: '0',
      change: '0',
      destroy: '0',
      'has-changes': 'true',
    })
    expect(summary).toContain('| o | update |')
    const applied = await brought(object('a'), 'output "o" {\n  value = "two"\n}\n')
    expect(applied.outputs).toMatchObject({ outcome: 'applied' })
  }, 60_000)

  it('A7 4, 5 and 6: moves, what is forgotten, and imports are changes', async () => {
    await brought(object('a'), object('b'))
    // Terraform asks what becomes of the object, and OpenTofu before 1.10 always leaves it.
    const forgets = `removed {\n  from = terraform_data.b\n${kind === 'terraform' ? '  lifecycle {\n    destroy = false\n  }\n' : ''}}\n`
    const moved = 'moved {\n  from = terraform_data.a\n  to = terraform_data.a2\n}\n'
    const imported = (name: string): string =>
      `import {\n  to = terraform_data.${name}\n  id = "${name}-id"\n}\n`
    const next = [
      ...[object('a2'), moved, forgets, object('whole'), imported('whole')],
      ...[object('more', 'input = "x"'), imported('more')],
    ]
    expect((await planOf({}, object('a2'), object('b'), moved)).outputs).toMatchObject({
      ...{ outcome: 'planned', add: '0', change: '0', destroy: '0', move: '1', 'has-changes': 'true' },
    })
    const { outputs } = await planOf({}, ...next)
    expect(outputs).toMatchObject({
      ...{ outcome: 'planned', add: '0', change: '1', destroy: '0', move: '1', forget: '1', import: '2' },
    })
    expect((await brought(...next)).outputs).toMatchObject({ outcome: 'applied' })
    expect(
      lab
        .stateOf('eu')
        .resources.map(({ name }) => name)
        .toSorted(),
    ).toEqual(['a2', 'more', 'whole'])
    // What protects an object keeps it in the state, too.
    const protectedOne = await planOf({ protected: 'terraform_data.more' }, object('a2'), object('whole'))
    expect(protectedOne.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'policy-violation' })
  }, 60_000)

  it('A7 4: a move alone is applied, and leaves nothing to be done', async () => {
    await brought(object('a'))
    const { outputs, summary } = await brought(
      object('b'),
      'moved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n',
    )
    expect(outputs).toMatchObject({ outcome: 'applied' })
    expect(summary).not.toContain('not begun')
    expect(lab.stateOf('eu').resources.map(({ name }) => name)).toEqual(['b'])
  }, 60_000)

  it('A7 7: replacements of both orders, and of what an apply has left half-made', async () => {
    const of = (version: string, ends: string): string[] => [
      object('after', `triggers_replace = "${version}"`),
      object('before', `triggers_replace = "${version}"\nlifecycle {\n  create_before_destroy = true\n}`),
      object('half', `provisioner "local-exec" {\n  command = "${ends}"\n}`),
    ]
    const failed = await brought(...of('one', 'exit 3'))
    expect(failed.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'apply-partial' })
    const { outputs, summary } = await planOf({ 'max-destroy': '3' }, ...of('two', 'true'))
    expect(outputs).toMatchObject({ outcome: 'planned', add: '0', replace: '3', destroy: '0' })
    expect(summary).toContain('is tainted')
    // Each of them destroys.
    const { outputs: refused } = await planOf({ 'max-destroy': '2' })
    expect(refused).toMatchObject({ outcome: 'failed', 'failure-reason': 'policy-violation' })
  }, 60_000)

  it('A7 8: what is only read at the apply is no change of an object', async () => {
    await writeFile(
      join(lab.job.workspace, 'infra/other.tfstate'),
      JSON.stringify({
        version: 4,
        terraform_version: '1.5.0',
        serial: 1,
        lineage: 'l',
        outputs: {},
        resources: [],
      }),
    )
    const read = `data "terraform_remote_state" "o" {\n  backend = "local"\n  config = { path = "other.tfstate" }\n  depends_on = [terraform_data.a]\n}\n`
    const { outputs, summary } = await planOf({}, object('a'), read)
    expect(outputs).toMatchObject({ outcome: 'planned', add: '1', change: '0' })
    expect(summary).toContain('what it depends on changes')
  }, 60_000)

  it('A7 8: what a check alone reads, at each plan anew, is nothing to apply', async () => {
    const state = {
      version: 4,
      terraform_version: '1.5.0',
      serial: 1,
      lineage: 'l',
      outputs: {},
      resources: [],
    }
    await writeFile(join(lab.job.workspace, 'infra/other.tfstate'), JSON.stringify(state))
    const check = `check "o" {\n  data "terraform_remote_state" "o" {\n    backend = "local"\n    config = { path = "other.tfstate" }\n  }\n  assert {\n    condition = data.terraform_remote_state.o.backend == "local"\n    error_message = "no"\n  }\n}\n`
    expect((await brought(object('a'), check)).outputs).toMatchObject({ outcome: 'applied' })
    const { outputs, summary } = await planOf({})
    expect(summary).toContain('is a part of a check')
    expect(outputs).toMatchObject({ outcome: 'no-changes', 'has-changes': 'false' })
    expect((await lab.step({ mode: 'drift' })).outputs).toMatchObject({ outcome: 'in-sync' })
  }, 60_000)

  it('A7 9: what a replacement has left behind is destroyed, and said to be that', async () => {
    const of = (version: string, ends: string): string =>
      object(
        'a',
        `triggers_replace = "${version}"\nlifecycle {\n  create_before_destroy = true\n}\nprovisioner "local-exec" {\n  command = "${ends}"\n}`,
      )
    await brought(of('one', 'true'))
    // The new one comes first and is left half-made, so that the old one does not go.
    expect((await brought(of('two', 'exit 3'))).outputs).toMatchObject({ outcome: 'failed' })
    const { outputs, summary } = await planOf({}, of('two', 'true'))
    expect(outputs).toMatchObject({ outcome: 'planned', add: '0', replace: '1', destroy: '1' })
    expect(summary).toMatch(/delete \| terraform\\_data\.a \|.*left/)
    expect((await planOf({ protected: 'terraform_data.a' })).outputs).toMatchObject({
      'failure-reason': 'policy-violation',
    })
  }, 60_000)

  it('A7 10, 11 and 12: a policy refuses what the plan would destroy or replace, in modules and by keys with quotes', async () => {
    const module = join(lab.job.workspace, 'infra/part/main.tf')
    await mkdir(dirname(module))
    const keyed = 'for_each = toset(["a.b", "c\\"d"])\ntriggers_replace = var.version_of'
    await writeFile(module, `variable "version_of" {}\n${object('m', keyed)}`)
    const calls = (version: string): string =>
      `module "p" {\n  source = "./part"\n  version_of = "${version}"\n}\n`
    await brought(object('a'), calls('one'))
    const destroys = await planOf({ destroy: 'true', 'max-destroy': '0' })
    expect(destroys.outputs).toMatchObject({ 'failure-reason': 'policy-violation', destroy: '3' })
    expect(destroys.outputs['plan-id']).toBeUndefined()
    const replaces = await planOf({ 'max-destroy': '1' }, object('a'), calls('two'))
    expect(replaces.outputs).toMatchObject({ 'failure-reason': 'policy-violation', replace: '2' })
    const patterns = [
      'module.p.terraform_data.m["c\\"d"]',
      'module.*.terraform_data.m',
      '**.terraform_data.*',
    ]
    for (const pattern of patterns)
      expect((await planOf({ protected: pattern })).outputs).toMatchObject({
        ...{ outcome: 'failed', 'failure-reason': 'policy-violation' },
        reason: expect.stringContaining('module.p.terraform_data.m["c\\"d"] is protected by'),
      })
    const anywhere = await planOf({ protected: 'terraform_data.m' })
    expect(anywhere.outputs).toMatchObject({ 'failure-reason': 'policy-violation' })
    const others = 'module.q.**\nmodule.p.terraform_data.m["c"]\nterraform_data.n'
    expect((await planOf({ protected: others })).outputs).toMatchObject({ outcome: 'planned' })
  }, 90_000)

  it('A7 13: what changed outside is told, and refused where that is asked', async () => {
    const env = await localProvider(lab, kind)
    const file = join(lab.job.workspace, 'a.txt')
    await lab.write(`${BACKEND}resource "local_file" "a" {\n  filename = "${file}"\n  content = "one"\n}\n`)
    const { outputs: planned } = await lab.step({ mode: 'plan' }, { env })
    expect(planned).toMatchObject({ outcome: 'planned', drift: '0' })
    const approved = { mode: 'apply', 'plan-id': planned['plan-id']!, 'plan-sha256': planned['plan-sha256']! }
    expect((await lab.step(approved, { env })).outputs).toMatchObject({ outcome: 'applied' })
    expect((await lab.step({ mode: 'drift' }, { env })).outputs).toMatchObject({
      outcome: 'in-sync',
      drift: '0',
    })
    await writeFile(file, 'changed by somebody')
    const { outputs, summary } = await lab.step({ mode: 'drift' }, { env })
    expect(outputs).toMatchObject({ outcome: 'drifted', drift: '1', 'has-changes': 'true' })
    expect(summary).toContain('local_file.a')
    expect((await lab.step({ mode: 'plan', 'fail-on-drift': 'true' }, { env })).outputs).toMatchObject({
      'failure-reason': 'policy-violation',
    })
  }, 90_000)

  it('A7 15: a check that fails is told, and refused where that is asked', async () => {
    const check =
      'check "health" {\n  assert {\n    condition = terraform_data.a.input == "well"\n    error_message = "not well"\n  }\n}\n'
    const { outputs, summary } = await planOf({}, object('a', 'input = "ill"'), check)
    expect(outputs).toMatchObject({ outcome: 'planned', 'checks-failed': '1' })
    expect(summary).toContain('not well')
    const { outputs: refused } = await planOf({ 'fail-on-check': 'true' })
    expect(refused).toMatchObject({ 'failure-reason': 'policy-violation', 'checks-failed': '1' })
    expect(refused['plan-id']).toBeUndefined()
  }, 60_000)

  it('A7 16: a plan with an error is none, although the tool leaves a file of it', async () => {
    const failing = object(
      'b',
      'lifecycle {\n  precondition {\n    condition = terraform_data.a.input == "much"\n    error_message = "no quota"\n  }\n}',
    )
    const { outputs } = await planOf({}, object('a', 'input = "little"'), failing)
    expect(outputs).toMatchObject({
      ...{ outcome: 'failed', 'failure-reason': 'plan-errored', reason: expect.stringContaining('no quota') },
    })
    expect(outputs['plan-id']).toBeUndefined()
  }, 60_000)

  it('A7 17 and 18: a plan for some addresses alone is not the whole', async () => {
    const { outputs } = await planOf({ target: 'terraform_data.a' }, object('a'), object('b'))
    expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'plan-incomplete', add: '1' })
    expect((await planOf({ target: 'terraform_data.a', 'require-complete': 'false' })).outputs).toMatchObject(
      {
        ...{ outcome: 'planned', applyable: 'true', add: '1' },
      },
    )
  }, 60_000)

  it('A7 20: the program is taken and not the script before it, which would write outputs of the step', async () => {
    const folder = join(lab.job.temp, 'setup')
    await mkdir(folder)
    const script = `#!/usr/bin/env node
require('node:fs').appendFileSync(process.env.GITHUB_OUTPUT, 'stdout=leaked\\n')
process.exit(0)
`
    await writeFile(join(folder, kind), script, { mode: 0o755 })
    await symlink(programPath(tool), join(folder, `${kind}-bin`))
    const env = {
      PATH: `${folder}:${process.env['PATH']}`,
      [kind === 'tofu' ? 'TOFU_CLI_PATH' : 'TERRAFORM_CLI_PATH']: folder,
    }
    const { outputs } = await lab.step({ mode: 'plan', tool: kind }, { env })
    expect(outputs).toMatchObject({ outcome: 'planned', add: '1' })
    expect(outputs['stdout']).toBeUndefined()
  }, 60_000)

  it('A7 21: what the tool warns of on the side is no failure', async () => {
    const { outputs } = await lab.step(
      { mode: 'plan' },
      { env: { TF_CLI_CONFIG_FILE: join(lab.job.temp, 'not-there.tfrc') } },
    )
    expect(outputs).toMatchObject({ outcome: 'planned' })
  }, 60_000)

  it('A7 22 and 23: two plans of the same change have one digest, and a secret that changes another one', async () => {
    await lab.write(WITH_TOKEN)
    const digestOf = async (secret: string): Promise<{ digest: string; shown: string }> => {
      const secrets = `PLAN_KEY=fedcba9876543210fedcba9876543210\nTF_VAR_token=${secret}`
      const { outputs, summary } = await lab.step({ mode: 'plan', secrets })
      expect(outputs).toMatchObject({ outcome: 'planned' })
      return { digest: outputs['plan-digest'] ?? '', shown: summary }
    }
    const one = await digestOf(SECRET)
    expect(one.digest).toMatch(/^sha256:/)
    expect(await digestOf(SECRET)).toEqual(one)
    const other = await digestOf(`${SECRET}-rotated`)
    expect(other.shown).toBe(one.shown)
    expect(other.digest).not.toBe(one.digest)
  }, 60_000)
})
