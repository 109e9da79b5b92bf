import { describe, expect, it } from '@jest/globals'
import { GateFailed, InputError, type HttpRequest } from '@deploy-actions/action-kit'
import { openChain } from '@deploy-actions/evidence'
import { createFakePorts } from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'

const base = {
  event: 'restored',
  service: 'shop',
  region: 'eu-west',
  version: '1.1.0',
  digest: `sha256:${'b'.repeat(64)}`,
  sinks: '[{ type: webhook, url: "https://hooks.example.com/x" }]',
}

async function notify(inputs: Record<string, string> = {}, status = 204) {
  const posts: HttpRequest[] = []
  const ports = createFakePorts({
    http: (request) => {
      posts.push(request)
      return { status }
    },
  })
  return {
    ports,
    posts,
    run: () => main(schema.parse({ ...base, ...inputs }), ports).catch((error: Error) => error),
  }
}

describe('notify', () => {
  it('tells the sinks the event and its card, and shows the card in the summary', async () => {
    const { ports, posts, run } = await notify({
      cause: 'canary 5 of 102 failed',
      status: 'back at | its *restore* point',
    })
    expect(await run()).toEqual({
      outcome: 'told',
      reason: 'restored: 1 of 1 sinks told',
      delivered: [{ sink: 'webhook', delivered: true, status: 204 }],
    })
    expect(JSON.parse(posts[0]?.body ?? '')).toMatchObject({
      event: {
        kind: 'restored',
        service: 'shop',
        region: 'eu-west',
        correlationId: 'shop-1001-1',
        links: [{ title: 'Run', url: 'https://github.com/acme/shop/actions/runs/1001' }],
      },
      card: { title: 'shop 1.1.0: restored in eu-west' },
    })
    // Nothing that was told can break the table or become markup.
    expect(ports.recorded.summary.join()).toContain('| **Status** | back at \\| its \\*restore\\* point |')
  })

  it('finds the cause of bad news in what failed first in this job', async () => {
    const { ports, posts, run } = await notify()
    const chain = openChain(ports.evidence.folder)
    const record = {
      v: 1 as const,
      job: 'deploy',
      actionRef: '',
      startedAt: '2026-11-21T10:00:00.000Z',
      endedAt: '2026-11-21T10:00:00.000Z',
      run: { id: 1, attempt: 1, workflowRef: '', actor: '' },
      inputs: {},
      facts: {},
      calls: [],
    }
    await chain.append({ ...record, action: 'run-hook', outcome: 'done', reason: 'fine' })
    await chain.append({
      ...record,
      action: 'canary-step',
      outcome: 'failed',
      reason: '10%: too many errors',
    })
    await run()
    expect(JSON.parse(posts[0]?.body ?? '')).toMatchObject({ event: { cause: '10%: too many errors' } })
  })

  it('only warns when a sink is broken, unless that is to fail', async () => {
    const { ports, run } = await notify({}, 500)
    expect(await run()).toMatchObject({ outcome: 'told', reason: 'restored: 0 of 1 sinks told' })
    expect(ports.recorded.log).toContainEqual({
      level: 'warning',
      line: 'webhook was not told of restored: the webhook answered 500',
    })
    expect(await (await notify({ 'fail-on-error': 'true' }, 500)).run()).toBeInstanceOf(GateFailed)
  })

  it('tells only the sinks that want this event', async () => {
    const { posts, run } = await notify({
      sinks: '[{ type: webhook, url: "https://hooks.example.com/x", on: [completed] }]',
    })
    expect(await run()).toMatchObject({ delivered: [] })
    expect(posts).toEqual([])
  })

  it('refuses an unknown event and sinks without a service', async () => {
    expect(schema.safeParse({ ...base, event: 'restroed' }).success).toBe(false)
    const outcome = await main(schema.parse({ ...base, service: undefined }), createFakePorts()).catch(
      (error: Error) => error,
    )
    expect(outcome).toBeInstanceOf(InputError)
  })
})
