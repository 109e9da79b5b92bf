import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { GateFailed, Ports } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { completed, inputs as schema, type Inputs } from './inputs'
import { mustHaveNeeds, noteStack, type Became } from './stack-records'

let ports: Ports
beforeEach(async () => {
  const fake = createFakePorts()
  ports = { ...fake, context: { ...fake.context, temp: await mkdtemp(join(tmpdir(), 'records-')) } }
})
const of = (region: string, stack: string, more: Record<string, string> = {}): Inputs =>
  completed(schema.parse({ mode: 'plan', config: 'rollout.yml', region, stack, ...more }))
/** In an attempt of its own, as a run that is run again has it. */
const note = (region: string, stack: string, became: Became, attempt = 1, more = {}): Promise<void> =>
  noteStack(of(region, stack, more), became, { ...ports, context: { ...ports.context, attempt } })
const refused = (needs: string): Promise<string> =>
  mustHaveNeeds(of('eu', 'app', { needs }), ports).then(
    () => '',
    (error: GateFailed) => error.message,
  )

describe('what a stack needs', () => {
  it('is there once it was applied, or had nothing to apply', async () => {
    expect(await refused('network,data')).toMatch(
      /nothing was planned for network yet; nothing was planned for data yet; run all jobs again$/,
    )
    await note('eu', 'network', 'planned')
    await note('eu', 'data', 'unchanged')
    expect(await refused('network,data')).toMatch(/and network was planned and not applied; run all/)
    await note('eu', 'network', 'applied')
    expect(await refused('network,data')).toBe('')
    expect(await refused('')).toBe('')
  })

  it('is not there where a further attempt has planned it again', async () => {
    await note('eu', 'network', 'planned')
    await note('eu', 'network', 'applied')
    await note('eu', 'network', 'planned', 2)
    expect(await refused('network')).toMatch(/network was planned and not applied/)
    await note('eu', 'network', 'applied', 2)
    expect(await refused('network')).toBe('')
  })

  it('is of this region, by its whole name', async () => {
    await note('us', 'network', 'applied')
    await note('eu', 'network-edge', 'applied')
    await note('eu-net', 'work', 'applied')
    await note('e', 'u-network', 'applied')
    expect(await refused('network')).toMatch(/nothing was planned for network yet/)
  })

  it('is of this service: a run may be for several', async () => {
    const ofShop = (name: string): Inputs => of('eu', 'app', { service: name, needs: 'network' })
    await note('eu', 'network', 'applied', 1, { service: 'pay' })
    await expect(mustHaveNeeds(ofShop('shop'), ports)).rejects.toThrow(/nothing was planned for network yet/)
    await expect(mustHaveNeeds(ofShop('pay'), ports)).resolves.toBeUndefined()
  })

  it('is not there by a dry run', async () => {
    await note('eu', 'network', 'unchanged', 1, { 'dry-run': 'true' })
    expect(await refused('network')).toMatch(/nothing was planned for network yet/)
  })
})
