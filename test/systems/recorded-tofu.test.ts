import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { transcriptOf, type Transcript } from './recorded-tofu.fixture'
import { installed } from './terraform.fixture'

// The tool that rehearsals have on a machine without OpenTofu, held against OpenTofu itself.

const RECORDED = join(process.cwd(), 'packages/rehearsal/recorded/tofu.mjs')

/** Without what is another one each time: each id by its place, and no moments. */
function normal(transcript: Transcript): Transcript {
  const ids = new Map<string, string>()
  const plain = (text: string): string =>
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
        const known = ids.get(id) ?? `id ${ids.size + 1}`
        ids.set(id, known)
        return known
      })
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'a moment')
      .replace(/after \d+s/g, 'after a while')
      .replace(/"elapsed_seconds":\d+/g, '"elapsed_seconds":0')
      .replaceAll('1.10.6-dev', '1.10.6')
  return Object.fromEntries(
    Object.entries(transcript).map(([name, { exitCode, stdout, state }]) => [
      name,
      // What is said of a plan that is stale is said otherwise.
      name.startsWith('stale')
        ? { exitCode, stdout: '', state: plain(state) }
        : { exitCode, stdout: plain(stdout), state: plain(state) },
    ]),
  )
}

describe('the recorded OpenTofu', () => {
  it.each(['region = "eastus"\nsize   = 3\n', 'region = "westeurope"\nsize = 20\n'])(
    'answers as OpenTofu does, and leaves the same states, for %j',
    async (variables) => {
      const [real, recorded] = await Promise.all([
        transcriptOf([installed('tofu')], variables),
        transcriptOf([process.execPath, RECORDED], variables),
      ])
      expect(Object.keys(real)).toHaveLength(27)
      expect(normal(recorded)).toEqual(normal(real))
    },
    120_000,
  )

  it.each<[string, string[], RegExp]>([
    ['another configuration', ['init'], /knows the main\.tf of the example alone; install OpenTofu/],
    ['another workspace', ['workspace', 'select', 'blue'], /knows no workspace but that of the name default/],
    ['a state to be pushed', ['state', 'push', 'x'], /does not know state push/],
    ['what was not recorded', ['import', 'a.b', 'c'], /does not know import/],
  ])('refuses %s', async (_, args, said) => {
    const folder = await mkdtemp(join(tmpdir(), 'recorded-'))
    try {
      await writeFile(join(folder, 'main.tf'), 'terraform {}\n')
      const refused = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
        execFile(process.execPath, [RECORDED, ...args], { cwd: folder }, (error, _out, stderr) =>
          resolve({ code: error?.code, stderr }),
        ),
      )
      expect(refused).toEqual({ code: 1, stderr: expect.stringMatching(said) })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
