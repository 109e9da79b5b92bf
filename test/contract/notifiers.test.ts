import { describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError, type HttpRequest, type HttpResponse } from '@deploy-actions/action-kit'
import {
  eventKinds,
  notifiers,
  openNotifier,
  type NotifierSettings,
  type RolloutEvent,
} from '@deploy-actions/notifiers'
import { createFakePorts } from '@deploy-actions/testing'

/** A sink of this type, and the secrets that it needs. */
interface Lab {
  settings: object
  secrets: Record<string, string>
}

const labs: Record<keyof typeof notifiers, Lab> = {
  webhook: {
    settings: { type: 'webhook', 'url-secret': 'HOOK', 'hmac-secret': 'KEY' },
    secrets: { HOOK: 'https://hooks.test/T0/B1/swordfish', KEY: 'correct horse' },
  },
}

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

it('covers every sink', () => expect(Object.keys(labs)).toEqual(Object.keys(notifiers)))

describe.each(Object.entries(labs))('the %s sink', (type, lab) => {
  async function send(
    given: RolloutEvent,
    answer: Partial<HttpResponse> | Error,
    secrets: Record<string, string> = lab.secrets,
  ) {
    const asked: HttpRequest[] = []
    const ports = createFakePorts({
      http(request) {
        asked.push(request)
        if (answer instanceof Error) throw answer
        return answer
      },
    })
    const settings = (await notifiers[type as keyof typeof notifiers]()).options.parse(
      lab.settings,
    ) as NotifierSettings
    const sink = await openNotifier(settings, {
      http: ports.http,
      clock: ports.clock,
      secrets: new Map(Object.entries(secrets)),
    })
    return { delivery: await sink.send(given, ports.signal), asked }
  }

  it.each(eventKinds)('delivers an event of kind %s', async (kind) => {
    const { delivery, asked } = await send({ ...event, kind }, { status: 200 })
    expect(delivery.delivered).toBe(true)
    expect(asked).toHaveLength(1)
  })

  it('is not thrown, and says why, when it does not deliver', async () => {
    for (const answer of [
      { status: 500 },
      { status: 404 },
      new ProviderError('could not be reached', { provider: 'x' }),
    ])
      expect((await send(event, answer)).delivery).toMatchObject({
        delivered: false,
        detail: expect.stringMatching(/\w/),
      })
  })

  it('needs its secrets, and sends nothing without them', async () => {
    const { delivery, asked } = await send(event, { status: 200 }, {})
    expect(delivery).toMatchObject({
      delivered: false,
      detail: expect.stringMatching(/was not handed over$/),
    })
    expect(asked).toEqual([])
  })

  it('puts no secret into what it sends or says', async () => {
    const { delivery, asked } = await send(event, { status: 500 })
    for (const secret of Object.values(lab.secrets)) {
      expect(JSON.stringify(delivery)).not.toContain(secret)
      expect(`${JSON.stringify(asked[0]?.headers)}${asked[0]?.body ?? ''}`).not.toContain(secret)
    }
    // Where the address is the secret, the transport is told.
    if (Object.values(lab.secrets).includes(asked[0]?.url ?? '')) expect(asked[0]?.hidePath).toBe(true)
  })

  it('ends with the run', async () => {
    await expect(send(event, new Cancelled('the run was cancelled'))).rejects.toBeInstanceOf(Cancelled)
  })
})
