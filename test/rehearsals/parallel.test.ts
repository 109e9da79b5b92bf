import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parseDocument } from 'yaml'
import { runRehearsal } from './run-rehearsal'

const LIMIT = 600_000
const NAMES = ['us-east', 'eu-west', 'apac-se', 'us-west', 'eu-north', 'apac-ne', 'sa-east', 'af-south']

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parallel-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The example in so many regions, all at once. @returns the path of its config */
async function inParallel(count: number): Promise<string> {
  const document = parseDocument(await readFile('packages/rehearsal/example/rollout.yml', 'utf8'))
  const { vars } = (document.toJS() as { regions: [{ vars: Record<string, unknown> }] }).regions[0]
  // The regions share their variables, by an alias of YAML.
  document.set('order', { kind: 'parallel' })
  document.set(
    'regions',
    NAMES.slice(0, count).map((name) => ({ name, environment: `production-${name}`, vars })),
  )
  const path = join(folder, 'rollout.yml')
  await writeFile(path, document.toString())
  return path
}

describe('order: parallel', () => {
  it.each([2, 3, 8])(
    'promotes a healthy release in %i regions at once, each by its full traffic',
    async (count) => {
      const { exitCode, result, output } = await runRehearsal('--config', await inParallel(count))
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
      expect(result.regions.map(({ name }) => name)).toEqual(NAMES.slice(0, count))
      for (const region of result.regions) {
        expect(region).toMatchObject({ outcome: 'promoted', rolledBack: false, failedOutsideApp: 0 })
        // 20 requests/s for at least the seven minutes that the stages take; a tenth of it was all that two of three had.
        expect(region.requests).toBeGreaterThan(20 * 7 * 60 * 0.9)
      }
    },
    LIMIT,
  )
})
