import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createChildProcesses, createClock } from '@deploy-actions/action-kit'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'
import { findProgram, installProgram, releaseOf, ToolMissing } from '@deploy-actions/terraform'
import { installed } from './terraform.fixture'

// A version of the tool from its publisher, whose files lie on the loopback here: by curl and unzip, with the tool itself.

const VERSION = '1.10.6'
const { archive, sums } = releaseOf('tofu', VERSION)

let folder: string
let files: Map<string, Buffer>
let asked: string[]
let server: Server
let close: () => Promise<void>
let from: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'published-'))
  await symlink(installed('tofu'), join(folder, 'tofu'))
  // Stored and not compressed: it is a hundred megabytes.
  execFileSync('zip', ['-q', '-0', archive, 'tofu'], { cwd: folder })
  const data = await readFile(join(folder, archive))
  const digest = createHash('sha256').update(data).digest('hex')
  files = new Map([
    [archive, data],
    [sums, Buffer.from(`${'0'.repeat(64)}  tofu_${VERSION}_plan9_mips.zip\n${digest}  ${archive}\n`)],
  ])
  asked = []
  server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1)
    asked.push(name)
    const file = files.get(name)
    response.writeHead(file ? 200 : 404).end(file)
  })
  const listening = await listenOnLoopback(server)
  from = `http://127.0.0.1:${listening.port}/`
  close = listening.close
})
afterEach(async () => {
  await close()
  await rm(folder, { recursive: true, force: true })
})

function install(cache = join(folder, 'cache')) {
  const { signal } = new AbortController()
  const ambient = { RUNNER_TOOL_CACHE: cache, PATH: process.env['PATH'] ?? '' }
  const ports = {
    ...{ ambient, temp: folder },
    process: createChildProcesses(createClock({ speed: 1, epoch: Date.now() }), { call: () => {} }),
  }
  const program = installProgram(
    { kind: 'tofu', version: VERSION, release: { folder: from, archive, sums } },
    ports,
    signal,
  )
  return { program, find: async () => findProgram(await program, ports, signal) }
}

describe('a version from its publisher', () => {
  it('is proven by its digest, kept, and fetched once', async () => {
    const { program, find } = install()
    expect(await program).toMatch(/\/cache\/tofu\/1\.10\.6\/\w+\/tofu$/)
    expect(await find()).toMatchObject({ kind: 'tofu', version: expect.stringMatching(/^1\.10\.6/) })
    expect(asked).toEqual([sums, archive])
    expect(await install().program).toBe(await program)
    expect(asked).toHaveLength(2)
  }, 60_000)

  it('is kept on another disk than what is temporary', async () => {
    const elsewhere = await mkdtemp('/dev/shm/cache-')
    try {
      expect((await stat(elsewhere)).dev).not.toBe((await stat(folder)).dev)
      expect(await install(elsewhere).find()).toMatchObject({ version: expect.stringMatching(/^1\.10\.6/) })
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  }, 60_000)

  it.each<[string, () => void, RegExp]>([
    [
      'that is not what its publisher says',
      () => void files.set(archive, Buffer.concat([files.get(archive)!, Buffer.from('x')])),
      /has the digest [0-9a-f]{64}, and tofu_1\.10\.6_SHA256SUMS says [0-9a-f]{64}: it is not used$/,
    ],
    [
      'of which its publisher says nothing',
      () => void files.set(sums, Buffer.from('')),
      /and tofu_1\.10\.6_SHA256SUMS says nothing of it: it is not used$/,
    ],
    ['that is not there', () => void files.delete(archive), /^curl of http:\S+\.zip: .*404/],
  ])(
    '%s is not used, and not kept',
    async (_, spoil, said) => {
      spoil()
      const refused: unknown = await install().program.catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(ToolMissing)
      expect((refused as Error).message).toMatch(said)
      expect(await readdir(join(folder, 'cache/tofu/1.10.6'))).toEqual([])
    },
    60_000,
  )
})
