import { describe, expect, it } from '@jest/globals'
import { sections } from './sections'

const failure = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: Error) => error.message,
  )

describe('an input that holds a section', () => {
  it('comes out as it would from rollout.yml', async () => {
    const router = await sections.router('{ type: haproxy, port: "9999", backend: "${service}" }', {
      service: 'shop',
    })
    expect(router.written).toEqual({ type: 'haproxy', port: '9999', backend: 'shop' })
    expect(await sections.arms('{ names: [stable, canary] }')).toEqual({
      names: ['stable', 'canary'],
      finish: 'swap',
      'keep-old': 86_400_000,
    })
    expect(
      (await sections.stages('[{ weight: 100%, watch: 5m }]')).map(({ weight, watch }) => [weight, watch]),
    ).toEqual([[10_000, 300_000]])
    expect(await sections.analysis('{ alpha: 5% }')).toMatchObject({ alpha: 0.05, interval: 10_000 })
    expect(await sections.checks('{ up: { type: script, run: ops/up.sh } }')).toMatchObject({
      up: { written: { type: 'script', run: 'ops/up.sh' } },
    })
    expect(
      await sections.sinks("[{ type: webhook, url: 'http://127.0.0.1/', on: [restored] }]"),
    ).toMatchObject([{ on: ['restored'], sink: { written: { type: 'webhook' } } }])
    const metrics =
      "{ sources: { p: { type: scrape, pages: ['http://127.0.0.1/'] } }, requests: { source: p, sum: [a] }, errors: { source: p, sum: [b] } }"
    expect(await sections.metrics(metrics)).toMatchObject({
      sources: { p: { written: { type: 'scrape' }, lag: 0, resolution: 0 } },
      requests: { source: 'p', sum: ['a'] },
    })
  })

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'an unknown key',
      () => sections.analysis('\n{ intervall: 10s }'),
      'input `analysis`:2:3: intervall: unknown key; known here: judge, fail-after, interval, alpha, margin, latency-tolerance, warm-up, last-watch, min-requests, max-watch, error-timeout, expect-share, on-fail, on-error, on-inconclusive. Did you mean interval?',
    ],
    [
      'text that is not YAML',
      () => sections.router('{ type: '),
      'input `router`:1:9: Flow map must end with a }',
    ],
    ['an alias without an anchor', () => sections.arms('*nowhere'), 'input `arms`: Unresolved alias'],
    [
      'nothing',
      () => sections.stages('null'),
      'input `stages`:1:1: Invalid input: expected array, received null',
    ],
    [
      'an unknown source',
      () =>
        sections.metrics(
          "{ sources: { p: { type: scrape, pages: ['http://127.0.0.1/'] } }, requests: { source: q, sum: [a] }, errors: { source: p, sum: [b] } }",
        ),
      'input `metrics`: requests.source: no source is named q; known: p. Did you mean p?',
    ],
    [
      'a variable that has no value here',
      () => sections.router('{ type: haproxy, port: 1, backend: "app-${arm}" }', { service: 'shop' }),
      'input `router`:1:36: ${arm} has no value here',
    ],
    [
      'what is not a variable at all',
      () => sections.checks('{ up: { type: http, url: "http://${host}/" } }'),
      'input `checks`:1:26: ${host} is not a variable; known: region,',
    ],
    [
      'an option of a provider that is wrong',
      () => sections.router('{ type: haproxy, prt: 1, backend: app }'),
      'prt is an unknown key; known here: type, host, hosts, port, backend, members, sticky, timeout. Did you mean port?',
    ],
    [
      'a check that leaves its router to a rollout.yml',
      () => sections.checks('{ held: { type: weights-held, arm: blue } }'),
      'input `checks`:1:9: held.router: needs a type; known: haproxy',
    ],
    [
      'an arm that is none of its arms',
      () =>
        sections.checks(
          '{ held: { type: weights-held, router: { type: haproxy, port: 1, backend: app }, arms: [a, b], arm: blue } }',
        ),
      'input `checks`:1:100: held.arm: blue is not an arm; known: a, b.',
    ],
    ['a list where a map belongs', () => sections.checks('[]'), 'input `checks`'],
    [
      'a map where a list belongs',
      () => sections.sinks('{ type: webhook }'),
      'input `sinks`:1:1: Invalid input: expected array, received object',
    ],
    [
      'no sources',
      () => sections.metrics('{ sources: {}, requests: { source: p }, errors: { source: p } }'),
      'sources: name at least one source',
    ],
    ['no map of metrics', () => sections.metrics('5'), 'Invalid input: expected object, received number'],
  ])('with %s is refused by name', async (_, parse, message) =>
    expect(await failure(parse())).toContain(message),
  )
})
