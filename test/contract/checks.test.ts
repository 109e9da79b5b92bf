import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled, InputError } from '@deploy-actions/action-kit'
import { checks, type ConfiguredCheck } from '@deploy-actions/checks'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import type { CheckLab, OpenCheckLab } from './checks/check-lab'
import { loadLabs } from './load-labs'

const labs = await loadLabs<OpenCheckLab>('checks', checks)

describe.each(labs)('the $type check of $place', ({ type, open }) => {
  let lab: CheckLab
  let ports: FakePorts
  let configured: ConfiguredCheck
  const cancelReason = new Cancelled('the run was cancelled')
  beforeEach(async () => {
    lab = await open()
    const context = lab.workspace === undefined ? {} : { workspace: lab.workspace }
    ports = createFakePorts({ real: true, secrets: lab.secrets ?? {}, context, cancelReason })
    configured = await checks.configure(lab.settings)
  })
  afterEach(() => lab.close())

  const probe = () => configured.open(ports).probe(ports.signal)
  const oneLine = expect.stringMatching(/^[^\n]*\w[^\n]*$/)

  it('is called by its type', () => expect(configured.written.type).toBe(type))

  it('is green or red, and says why in one line', async () => {
    expect(await probe()).toMatchObject({ state: 'green', detail: oneLine })
    await lab.red()
    expect(await probe()).toMatchObject({ state: 'red', detail: oneLine })
  })

  it('may be looked at again and again', async () => {
    const check = configured.open(ports)
    for (let round = 0; round < 3; round++) expect((await check.probe(ports.signal)).state).toBe('green')
  })

  it('is never green, and never thrown, when it cannot be made', async () => {
    await lab.break()
    const { state, detail } = await probe()
    expect([state, detail]).toEqual([expect.stringMatching(/^(red|unknown)$/), oneLine])
  })

  it('is thrown when the run was cancelled', async () => {
    ports.cancel()
    await expect(probe()).rejects.toBeInstanceOf(Cancelled)
  })

  it('leaves each look in the evidence, and its secrets nowhere', async () => {
    if (lab.secrets) expect(() => configured.open(createFakePorts())).toThrow(InputError)
    await probe()
    expect(ports.recorded.calls).not.toEqual([])
    for (const secret of Object.values(lab.secrets ?? {}))
      expect(JSON.stringify([ports.recorded, configured.written])).not.toContain(secret)
  })
})
