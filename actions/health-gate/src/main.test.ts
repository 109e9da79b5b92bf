import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { GateFailed, InputError } from '@deploy-actions/action-kit'
import { checks } from '@deploy-actions/checks'
import { createFakePorts } from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'

const CHECKS = '{ api: { type: http, url: "https://api.example.com/healthz", expect: { latency: 500ms } } }'

/** A rollout.yml with these checks in the gates under traffic. */
const config = (checks: string): string => `version: 1
service: shop
regions: [{ name: eu, environment: production }]
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: 1, backend: app } } }
metrics: { sources: { p: { type: scrape, pages: ['http://127.0.0.1:1/'] } }, requests: { source: p, sum: ['r{arm="\${arm}"}'] }, errors: { source: p, sum: ['e{arm="\${arm}"}'] } }
checks: ${checks}
gates:
  after-deploy: { checks: [api], timeout: 10m, interval: 10s }
  after-rollout: { checks: [api], timeout: 45m, interval: 10s }
`

/** Statuses by the order of the looks; the last one holds. */
async function gate(inputs: Record<string, string>, statuses: number[]) {
  let look = 0
  const ports = createFakePorts({
    http: () => ({ status: statuses[Math.min(look++, statuses.length - 1)] ?? 200 }),
  })
  const outcome = await main(schema.parse({ checks: CHECKS, ...inputs }), ports).catch(
    (error: Error) => error,
  )
  return { outcome, ports, looks: () => look }
}

describe('health-gate', () => {
  it('holds until everything has been green for long enough without a break', async () => {
    // Green from the 2nd look, red at the 4th, then green: 60 s at one look every 15 s are 5 looks from the 5th on.
    const { outcome, looks } = await gate({ 'green-for': '60s' }, [503, 200, 200, 503, 200])
    expect(outcome).toMatchObject({ outcome: 'green', verdict: 'pass', reason: 'all green for 1m' })
    expect(looks()).toBe(9)
  })

  it('says no when the time is over, and why', async () => {
    const { outcome } = await gate({ timeout: '1m' }, [503])
    expect(outcome).toBeInstanceOf(GateFailed)
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail' })
    expect((outcome as Error).message).toBe(
      'gate: not green after 1m: api is red (answered 503, expected 200)',
    )
  })

  it('gives up after the allowed number of tries, and may leave it inconclusive', async () => {
    const { outcome, looks } = await gate({ attempts: '3', 'on-timeout': 'inconclusive' }, [503])
    expect(outcome).toMatchObject({ outcome: 'inconclusive', verdict: 'inconclusive' })
    expect(looks()).toBe(3)
  })

  it('watches for a while and forgives what is red less than three rounds in a row', async () => {
    expect((await gate({ mode: 'watch', for: '2m' }, [200, 503, 503, 200])).outcome).toMatchObject({
      verdict: 'pass',
    })
    const { outcome } = await gate({ mode: 'watch', for: '2m' }, [200, 503, 503, 503, 200])
    expect((outcome as Error).message).toMatch(/api was red 3 rounds in a row/)
  })

  it('gives a gate that carries traffic up after three red rounds, and one before it when its time is over', async () => {
    const took = async (gate: string, inputs: Record<string, string> = {}): Promise<[string, number]> => {
      const ports = createFakePorts({ http: () => ({ status: 503 }) })
      await writeFile(
        join(ports.context.workspace, 'rollout.yml'),
        config(`{ api: { type: http, url: 'https://api.example.com/' } }`),
      )
      const began = ports.clock.now().getTime()
      const ledger = `file:${ports.context.temp}/ledger`
      const outcome = await main(schema.parse({ gate, region: 'eu', ledger, ...inputs }), ports).catch(
        (error: Error) => error,
      )
      return [(outcome as Error).message, (ports.clock.now().getTime() - began) / 1000]
    }
    expect(await took('after-rollout')).toEqual([
      'after-rollout: api was red 3 rounds in a row: answered 503, expected 200',
      20,
    ])
    expect(await took('after-rollout', { 'fail-after': '5' })).toEqual([
      expect.stringMatching(/red 5 rounds/),
      40,
    ])
    expect(await took('after-deploy')).toEqual([expect.stringMatching(/not green after 10m/), 600])
  })

  it('asks the arm that it is told, and the ledger for none', async () => {
    const asked: string[] = []
    const ports = createFakePorts({
      http: ({ url }) => {
        asked.push(url)
        return { status: 200 }
      },
    })
    await writeFile(
      join(ports.context.workspace, 'rollout.yml'),
      config(`{ api: { type: http, url: 'https://\${arm}.example.com/' } }`),
    )
    // The fakes' GitHub answers nobody: a question to the ledger would end this.
    const outcome = await main(
      schema.parse({ mode: 'watch', gate: 'after-rollout', for: '0s', region: 'eu', arm: 'green' }),
      ports,
    )
    expect(outcome).toMatchObject({ verdict: 'pass' })
    expect([...new Set(asked)]).toEqual(['https://green.example.com/'])
  })

  it('logs a line per change of state, not per look', async () => {
    const { ports } = await gate({ 'green-for': '5m' }, [503, 200])
    expect(ports.recorded.log.filter(({ line }) => line.startsWith('api: ')).map(({ line }) => line)).toEqual(
      ['api: red: answered 503, expected 200', 'api: green: answered 200 in 1 ms'],
    )
    expect(ports.recorded.summary.join()).toContain('**Changes**')
  })

  it.each([
    [{ mode: 'watch' }, /input `for`: is missing/],
    [
      { checks: '{ api: { type: htp, url: "https://x.example.com" } }' },
      `htp is not a known type; known: ${checks.types.join(', ')}. Did you mean http?`,
    ],
    [
      { checks: '{ api: { type: http, uri: "https://x.example.com" } }' },
      /uri is an unknown key; known here: .*Did you mean url\?/,
    ],
  ])('refuses %j', async (inputs, message) => {
    const { outcome } = await gate(inputs, [200])
    expect(outcome).toBeInstanceOf(InputError)
    expect((outcome as Error).message).toMatch(message)
  })

  it('needs checks or a gate', async () => {
    const outcome = await main(schema.parse({}), createFakePorts()).catch((error: Error) => error)
    expect((outcome as Error).message).toMatch(/give one: checks as YAML, or gate/)
  })
})
