import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { InputError } from '@deploy-actions/action-kit'
import {
  createFakeClock,
  createFakePorts,
  simulateRegion,
  type FakeClock,
  type SimulatedRegion,
} from '@deploy-actions/testing'
import { power, type PowerOptions } from './power-command'
import { powerText } from './power/text'
import { readConfig, unseenAt } from './validate-command'

let clock: FakeClock
let region: SimulatedRegion
let folder: string
beforeEach(async () => {
  clock = createFakeClock()
  region = await simulateRegion({ clock, seed: 1, requestsPerSecond: 40, errorRate: () => 0.01 })
  folder = await mkdtemp(join(tmpdir(), 'power-'))
})
afterEach(() => Promise.all([region.close(), rm(folder, { recursive: true, force: true })]))

const STAGES = '[{ weight: 20%, watch: 5m, limits: { error-rate: 4% } }, { weight: 100%, watch: 5m }]'
const config = (router = region.inputs.router): string => `version: 1
service: shop
regions:
  - { name: us, environment: production-us }
  - { name: eu, environment: production-eu }
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: ${router} } }
metrics: ${region.inputs.metrics}
canary: { stages: ${STAGES} }
`
const written = async (text = config()): Promise<string> => {
  const path = join(folder, 'rollout.yml')
  await writeFile(path, text)
  return path
}
/** In a folder without a rollout.yml the default names none. */
const ask = (path = 'rollout.yml', options: Partial<PowerOptions> = {}) =>
  power(path, { region: 'all', ...options }, createFakePorts({ clock, http: () => region.metrics() }))
const problemsOf = (asked: Promise<unknown>): Promise<string[]> =>
  asked.then(
    () => [],
    (error: InputError) => error.problems.map(({ where, message }) => `${where}: ${message}`),
  )
const given = { rps: '20', baselineErrors: '0.1%' }

describe('the power of stages', () => {
  it('is told of regions that have the same stages and traffic as of one', async () => {
    const report = await ask(await written(), given)
    expect(report).toMatchObject({
      unknown: [],
      found: [{ regions: ['us', 'eu'], traffic: { requestsPerSecond: 20, baselineErrors: 0.001 } }],
    })
    const [line, , head, first, whole, ...rest] = powerText(report)
    expect(line).toBe('us, eu: 20 requests/s, 0.1% of them failing on the baseline')
    expect(head).toMatch(/^ {2}stage {2}watched {2}requests {2}finds +after +lost +limit$/)
    expect(first).toMatch(
      /^ {2}20% +5m +1200 +1\.\d% \(1\d times\) +\dm\d*s? +\d+ +4%: alone from \d+(\.\d)?%, 8% after \d+s$/,
    )
    // A column of numbers ends where its head ends.
    expect(whole?.indexOf('6000')).toBe((head?.indexOf('requests') ?? 0) + 'requests'.length - 4)
    expect(rest.join(' ')).toMatch(/What 90% of simulated rollouts find\. .* limit: /)
  })

  it('is that at the traffic of the live baseline where none is given, with what was measured', async () => {
    const report = await ask(await written(), { region: 'eu' })
    const [{ regions, traffic, measured } = {}] = report.found
    expect(regions).toEqual(['eu'])
    expect(traffic?.requestsPerSecond).toBeGreaterThan(35)
    expect(traffic?.requestsPerSecond).toBeLessThan(45)
    // Six intervals, since one or two errors would tell no rate.
    expect(measured?.windowMs).toBe(60_000)
    expect(traffic?.baselineErrors).toBe((measured?.errors ?? 0) / (measured?.requests ?? 1))
    expect(powerText(report)[0]).toMatch(/^eu: \d\d(\.\d)? requests\/s, \d+ of 2\d{3} requests failed in 1m$/)
  })

  it('is unknown of a region whose baseline cannot be asked, with why', async () => {
    region.haproxy.before = () => {
      throw new Error('away')
    }
    const report = await ask(await written())
    expect(report).toMatchObject({ found: [], unknown: [{ region: 'us' }, { region: 'eu' }] })
    expect(powerText(report).join(' ')).toMatch(/^! us: it is not known what its baseline does: /)
  })

  it('is told of stages and an analysis that are only tried, with rollout.yml and without', async () => {
    const stages = '[{ weight: 50%, watch: 2m }, { weight: 100%, watch: 1m }]'
    for (const path of [await written(), 'rollout.yml'])
      expect(await ask(path, { ...given, stages, analysis: '{ last-watch: 90% }' })).toMatchObject({
        // What follows the last watch is not watched.
        found: [{ stages: [{ weight: 5000 }, { weight: 9000 }] }],
      })
  })

  it('comes with what is wrong with the stages at this traffic', async () => {
    const { found } = await ask(await written(), { rps: '0.02', baselineErrors: '5%' })
    const warnings = found[0]?.warnings
    expect(warnings).toEqual([
      expect.stringMatching(/^canary\.stages\[0\] \(20%\): needs 74 requests .* the canary sees 3 /),
      expect.stringMatching(/^canary\.stages\[1\] \(100%\): needs 20 requests .* the canary sees 18 /),
      'canary.stages[0] (20%): finds nothing at this traffic, not even a canary that always fails',
      'canary.stages[1] (100%): finds nothing at this traffic, not even a canary that always fails',
      'canary.stages[0] (20%): limits errors to 4%, and the baseline itself fails 5% of its requests, as far as is known: a healthy release would be taken back',
    ])
    const { configs } = await readConfig(await written())
    expect(await unseenAt({ requestsPerSecond: 0.02, baselineErrors: 0.05 }, configs)).toEqual(warnings)
    expect(await unseenAt({ requestsPerSecond: 20, baselineErrors: 0.001 }, configs)).toEqual([])
  })
})

describe('docs/canary-analysis.md', () => {
  const page = readFileSync(new URL('../../../docs/canary-analysis.md', import.meta.url), 'utf8')
  const canary = /```yaml\n(canary:\n[^`]*)```/.exec(page)?.[1] ?? ''
  const shown = [...page.matchAll(/\$ .* power --rps (\d+) --baseline-errors (\S+)\n([^`]*)\n```/g)]

  it('shows two outputs', () => expect(shown).toHaveLength(2))

  it.each(shown.map(([, rps = '', baselineErrors = '', output = '']) => ({ rps, baselineErrors, output })))(
    'has what power says at $rps requests/s',
    async ({ output, ...traffic }) => {
      const names = ['us-east', 'eu-west'].map((name) => `  - { name: ${name}, environment: ${name} }`)
      const text = config()
        .replace(/regions:\n(?: {2}- .*\n)+/, `regions:\n${names.join('\n')}\n`)
        .replace(/canary: \{ stages: .*\n/, () => canary)
      const lines = powerText(await ask(await written(text), traffic))
      expect(lines.slice(0, lines.indexOf('', 2)).join('\n')).toBe(output)
    },
  )
})

describe('what is asked wrongly', () => {
  it('is told all at once', async () =>
    expect(
      await problemsOf(
        ask(await written(), {
          ...{ rps: '0', region: 'mars' },
          ...{ stages: '[{ weight: 10% }]', analysis: '{ alpha: 70% }' },
        }),
      ),
    ).toEqual([
      '--rps: 0 is not a number of requests per second above 0; write it like 20',
      '--baseline-errors: is missing beside --rps; write it like 0.1%',
      expect.stringMatching(/^--stages:1:2: \[0\]\.watch: is missing/),
      expect.stringMatching(/^--analysis:1:10: alpha: lies between/),
      expect.stringMatching(/^--region: no region is named mars; known in .*: us, eu$/),
    ]))

  it.each([
    [{ rps: '-1', baselineErrors: '0%' }, [/^--rps: -1 is not a number/]],
    [{ rps: '1', baselineErrors: '100%' }, [/^--baseline-errors: 100% is not a percentage below 100%/]],
    [{ baselineErrors: '1%' }, [/^--rps: is missing beside --baseline-errors/]],
  ])('is said of %p', async (options, messages) =>
    expect(await problemsOf(ask(await written(), options))).toEqual(
      messages.map((message) => expect.stringMatching(message)),
    ),
  )

  it('is nothing that could be asked without rollout.yml', async () =>
    expect(await problemsOf(ask())).toEqual([
      'rollout.yml: is not there; name a rollout.yml, or give the stages by --stages',
      expect.stringMatching(/^--rps: is missing; without a rollout\.yml/),
      expect.stringMatching(/^--baseline-errors: is missing; without a rollout\.yml/),
    ]))

  it('is the traffic that stands on outputs of an infrastructure', async () => {
    const router = region.inputs.router.replace(`port: ${region.haproxy.port}`, "port: '${infra.port}'")
    const text = `${config(router)}infrastructure: { path: ops, workspace: '\${region}', plan-key-secret: PLAN_KEY, outputs: { port: '1' } }\n`
    expect(await problemsOf(ask(await written(text)))).toEqual([
      expect.stringMatching(/^--rps: is missing; .* stand on outputs of the infrastructure$/),
      expect.stringMatching(/^--baseline-errors: is missing; /),
    ])
  })
})
