import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled, InputError } from '@deploy-actions/action-kit'
import { eventKinds, notifiers, type ConfiguredNotifier, type RolloutEvent } from '@deploy-actions/notifiers'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { loadLabs } from './load-labs'
import type { NotifierLab, OpenNotifierLab } from './notifiers/notifier-lab'

const labs = await loadLabs<OpenNotifierLab>('notifiers', notifiers)

const event: RolloutEvent = {
  kind: 'restored',
  at: '2026-11-21T10:12:00.000Z',
  service: 'shop',
  release: { version: '1.4.0', digest: `sha256:${'a'.repeat(64)}` },
  status: 'traffic is back at blue 100%',
  links: [],
  run: { id: 7, attempt: 1, workflowRef: '', actor: 'ann' },
  correlationId: 'shop-7-1',
}

describe.each(labs)('the $type sink before $place', ({ type, open }) => {
  let lab: NotifierLab
  let ports: FakePorts
  let configured: ConfiguredNotifier
  const cancelReason = new Cancelled('the run was cancelled')
  beforeEach(async () => {
    lab = await open()
    ports = createFakePorts({ real: true, secrets: lab.secrets, cancelReason })
    configured = await notifiers.configure(lab.settings)
  })
  afterEach(() => lab.close())

  const send = (given: RolloutEvent = event) => configured.open(ports).send(given, ports.signal)

  it('is called by its type', () => expect(configured.written.type).toBe(type))

  it.each(eventKinds)('delivers an event of kind %s', async (kind) => {
    expect((await send({ ...event, kind })).delivered).toBe(true)
    expect(lab.sent).toHaveLength(1)
  })

  it.each(['refuses', 'is broken'] as const)(
    'is not thrown, and says why, when its system %s',
    async (how) => {
      lab.fail(how)
      expect(await send()).toMatchObject({ delivered: false, detail: expect.stringMatching(/\w/) })
    },
  )

  it('is not thrown, and says why, when its system is gone', async () => {
    await lab.leave()
    expect(await send()).toMatchObject({ delivered: false, detail: expect.stringMatching(/\w/) })
  })

  it('is not opened without its secrets, and sends nothing then', async () => {
    for (const name of Object.keys(lab.secrets)) {
      const { [name]: _, ...others } = lab.secrets
      expect(() => configured.open(createFakePorts({ secrets: others }))).toThrow(InputError)
    }
    expect(lab.sent).toEqual([])
  })

  it('puts no secret into what it sends, says or leaves in the evidence', async () => {
    lab.fail('is broken')
    const delivery = await send()
    for (const secret of Object.values(lab.secrets))
      expect(JSON.stringify([delivery, lab.sent, ports.recorded, configured.written])).not.toContain(secret)
  })

  it('ends with the run', async () => {
    ports.cancel()
    await expect(send()).rejects.toBeInstanceOf(Cancelled)
    expect(lab.sent).toEqual([])
  })
})
