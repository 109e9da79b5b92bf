import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openLedger, takenBackNote } from '@deploy-actions/ledger'
import { createFakePorts } from '@deploy-actions/testing'
import { saveJobTransaction } from '@deploy-actions/transaction'
import { jobTransaction } from '../../packages/transaction/src/transaction.fixture'
import {
  configuration,
  KEY,
  openTerraformLab,
  SECRET,
  TOOLS,
  type Inputs,
  type TerraformLab,
} from './terraform.fixture'

// plan-apply by the infrastructure of a rollout.yml, as region.yml calls it, with the tools themselves.

describe.each(TOOLS)('the infrastructure of rollout.yml, with $name', ({ tool }) => {
  let lab: TerraformLab
  beforeEach(async () => {
    const text = configuration('${var.tier}').replace(
      'variable "token"',
      'variable "tier" {}\nvariable "token"',
    )
    lab = await openTerraformLab(tool, text)
    for (const region of ['eu', 'us'])
      await writeFile(join(lab.job.workspace, `infra/${region}.tfvars`), `tier = "large-${region}"\n`)
    await write()
  })
  afterEach(() => lab.close())

  const write = (more = ''): Promise<void> =>
    writeFile(
      join(lab.job.workspace, 'rollout.yml'),
      `version: 1
service: shop
regions:
  - { name: eu, environment: production-eu }
  - { name: us, environment: production-us }
infrastructure:
  path: infra
  backend-config:
    address: ${lab.server.address}/\${region}
    lock_address: ${lab.server.address}/\${region}
    unlock_address: ${lab.server.address}/\${region}
  var-files: ['infra/\${region}.tfvars']
  plan-key-secret: PLAN_KEY
  tool-secrets: [TF_VAR_token]
${more}`,
    )
  /** All but the tool and the store is said by rollout.yml. */
  const BY_CONFIG = {
    config: 'rollout.yml',
    ...{ path: '', environment: '', 'backend-config': '', 'plan-key-secret': '', 'tool-secrets': '' },
  }
  const plan = (region: string, more: Inputs = {}): Promise<Inputs> =>
    lab
      .planned({ ...BY_CONFIG, region, lock: 'false', ...more })
      .then((approved) => ({ ...BY_CONFIG, region, ...approved }))
  const tierOf = (region: string): unknown =>
    (JSON.parse(lab.server.states.get(`/${region}`) ?? '{}') as { outputs?: { first?: { value: string } } })
      .outputs?.first?.value

  it('gives each region its state and its variables, and none the plan of another', async () => {
    const approved = await plan('eu')
    const astray = await lab.step({ ...approved, region: 'us' })
    expect(astray.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'plan-mismatch' })
    expect(astray.outputs['reason']).toMatch(
      /environment: planned for production-eu, .*region: planned for eu/,
    )
    expect((await lab.step(approved)).outputs).toMatchObject({ outcome: 'applied' })
    expect([tierOf('eu'), tierOf('us')]).toEqual(['large-eu', undefined])
    expect((await lab.step(await plan('us'))).outputs).toMatchObject({ outcome: 'applied' })
    expect(tierOf('us')).toBe('large-us')
    for (const region of ['eu', 'us'])
      expect((await lab.step({ ...BY_CONFIG, region, mode: 'drift' })).outputs).toMatchObject({
        outcome: 'in-sync',
      })
  }, 120_000)

  it('is held to its policy, and an input that is given wins', async () => {
    await lab.step(await plan('eu'))
    await write('  policy: { max-destroy: 0 }\n')
    await writeFile(join(lab.job.workspace, 'infra/eu.tfvars'), 'tier = "small"\n')
    const refused = await lab.step({ ...BY_CONFIG, region: 'eu', mode: 'plan' })
    expect(refused.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'policy-violation' })
    const approved = await plan('eu', { 'max-destroy': '1' })
    const held = await lab.step(approved)
    expect(held.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'policy-violation' })
    expect((await lab.step({ ...approved, 'max-destroy': '1' })).outputs).toMatchObject({
      outcome: 'applied',
    })
    expect(tierOf('eu')).toBe('small')
  }, 120_000)

  it('is not applied once somebody has taken the release back, and the plan stays unused', async () => {
    const approved = await plan('eu')
    const ledger = `file:${lab.job.temp}/ledger`
    const ports = createFakePorts({ context: { temp: lab.job.temp } })
    const opened = openLedger(ledger, 'shop', ports)
    const own = jobTransaction(9999, { ledger })
    const at = await opened.open(own.record, own.settings)
    await saveJobTransaction(lab.job.temp, { ...own, at })
    await opened.mark(own.record, 'restoring', takenBackNote('bob', 'orders are lost'))
    const transaction = own.record.id
    const refused = await lab.step({ ...approved, transaction })
    expect(refused.outputs).toMatchObject({ outcome: 'failed' })
    expect(refused.outputs['reason']).toMatch(
      /1001-1-shop-eu-1 is restoring .*bob.*: nothing more is written/,
    )
    expect(lab.server.states.size).toBe(0)
    const foreign = await lab.step({ ...approved, transaction: '1001-1-shop-eu-9' })
    expect(foreign.outputs['reason']).toMatch(/1001-1-shop-eu-9 was not begun in this job/)
    expect((await lab.step(approved)).outputs).toMatchObject({ outcome: 'applied' })
  }, 120_000)

  it('tells all that is wrong before the tool is started', async () => {
    const refused = (more: Inputs) => lab.step({ ...BY_CONFIG, tool: 'not-there', mode: 'plan', ...more })
    expect((await refused({ region: '' })).outputs['reason']).toMatch(
      /input `region`.*: is missing; known in rollout\.yml: eu, us/,
    )
    expect((await refused({ region: 'uk' })).outputs['reason']).toMatch(
      /no region is named uk; known: eu, us/,
    )
    expect((await refused({ region: 'eu', config: 'other.yml' })).outputs['reason']).toMatch(
      /other\.yml.*cannot be read/,
    )
    await write('  var-file: [x]\n  policy: { max-destroy: none }\n')
    const { outputs } = await refused({ region: 'eu' })
    expect(outputs).toMatchObject({ outcome: 'invalid' })
    expect(outputs['reason']).toMatch(
      /policy\.max-destroy: [^]*var-file: unknown key; .*Did you mean var-files\?/,
    )
    await write()
    const secretless = await refused({ region: 'eu', secrets: `TF_VAR_token=${SECRET}` })
    expect(secretless.outputs['reason']).toMatch(/PLAN_KEY is not one of secrets/)
    const elsewhere = await refused({ region: 'eu', secrets: `PLAN_KEY=${KEY}`, transaction: '1' })
    expect(elsewhere.outputs['reason']).toMatch(/input `transaction`.*is for mode: apply/)
  }, 60_000)
})
