import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runRehearsal, type Rehearsed } from './run-rehearsal'

const LIMIT = 400_000
const rehearsed = (...args: string[]): Promise<Rehearsed> =>
  runRehearsal('--example', 'infrastructure', '--speed', '30', ...args)

const BOTH = ['terraform_data.network', 'terraform_data.pool']

async function scenario(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'scenario-')), 'scenario.yml')
  await writeFile(file, text)
  return file
}

describe('regions with an infrastructure, by the tool itself', () => {
  it(
    'are planned, approved, applied and checked one after the other, each with its own state',
    async () => {
      const { output, result, summaries } = await rehearsed()
      expect(output).toMatch(
        /the infrastructure is planned and applied by OpenTofu 1\.10\.6\S* of this machine/,
      )
      expect(result.conclusion).toBe('success')
      expect(result.states).toEqual({
        eastus: { serial: 1, addresses: BOTH },
        westeurope: { serial: 1, addresses: BOTH },
      })
      const moments = [
        ...['eastus / prepare: success', 'production-eastus: approved', 'eastus / deploy: success'],
        ...[
          'westeurope / prepare: in_progress',
          'production-westeurope: approved',
          'westeurope / deploy: success',
        ],
      ].map((line) => output.indexOf(line))
      expect(moments).not.toContain(-1)
      expect(moments).toEqual(moments.toSorted((a, b) => a - b))
      for (const region of ['eastus', 'westeurope']) {
        expect(summaries).toContain(`### Plan for ${region}, production-${region}\n\n2 to add`)
        expect(summaries).toContain(`+ input = "network of ${region}"`)
      }
      expect(summaries).toContain('applied as approved: 2 of 2 objects')
      expect(summaries).not.toContain('of-the-rehearsal')
    },
    LIMIT,
  )

  it(
    'are not touched where the reviewer says no',
    async () => {
      const { result, region } = await rehearsed('--scenario', 'reject-approval')
      expect(result.states).toEqual({ eastus: { serial: 1, addresses: BOTH } })
      expect(region('eastus').outcome).toBe('promoted')
      expect(region('westeurope')).toMatchObject({ outcome: 'not-started', commands: [] })
    },
    LIMIT,
  )

  it.each<[string, string[], RegExp]>([
    ['OpenTofu itself', [], /is planned and applied by OpenTofu/],
    [
      'what it was recorded to answer, where it is not there',
      ['--systems', 'nowhere'],
      /is NOT planned by a tool: there is no tofu on this machine, and what OpenTofu 1\.10\.6 was recorded/,
    ],
  ])(
    'are planned anew after an apply that failed in its middle, and no plan is applied twice, by %s',
    async (_, more, told) => {
      const file = await scenario(`
set:
  infrastructure.var-files: ['infrastructure/\${region}.tfvars', infrastructure/refused.tfvars]
  infrastructure.policy: {}
then: re-run
`)
      const { output, result, region, summaries } = await rehearsed('--scenario', file, ...more)
      expect(output).toMatch(told)
      expect(result.conclusion).toBe('failure')
      // No release comes to an infrastructure that is not there, and the next region does not begin.
      expect(region('eastus')).toMatchObject({
        outcome: 'restored',
        marks: ['open', 'restoring', 'restored', 'open', 'restoring', 'restored'],
      })
      expect(region('eastus').commands.filter((command) => command.startsWith('set server'))).toEqual([])
      expect(region('westeurope').outcome).toBe('not-started')
      // The network was made by the first attempt, and the second one was asked for what is left.
      expect(result.states).toEqual({ eastus: { serial: expect.any(Number), addresses: BOTH } })
      expect(summaries).toContain('### Plan for eastus, production-eastus\n\n1 to replace')
      expect(summaries).not.toContain('create | terraform\\_data.network')
      expect(output).toMatch(/quota|1 done, 1 failed/)
    },
    LIMIT,
  )
})
