import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { filesBeneath, formsOf, leaksIn, watchArguments } from './leaks'

const value = 'a "b" \\c/+%&é'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'left-'))
})
afterAll(() => rm(folder, { recursive: true }))

it.each([
  ['as it is', value],
  ['in JSON', JSON.stringify({ value })],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ value }))],
  ['in JSON by Go', '"a \\"b\\" \\\\c/+%\\u0026é"'],
  ['in an address', `https://a/?${encodeURIComponent(value)}`],
  ['in a form', new URLSearchParams({ value }).toString()],
  ...['', 'a', 'ab', 'abc'].flatMap((before) => [
    [`in base64 behind ${before.length}`, Buffer.from(`${before}${value}:z`).toString('base64')],
    [`in base64url behind ${before.length}`, Buffer.from(`${before}${value}:z`).toString('base64url')],
  ]),
])('a value is found %s', (_, text) => {
  expect(leaksIn([{ where: 'a', bytes: Buffer.from(`x${text}x`.slice(1)) }], { value })).not.toEqual([])
})

it('what is alike is not one', () => {
  const all = [...formsOf(value).values()].map((form) => form.slice(1)).join('\n')
  expect(leaksIn([{ where: 'a', bytes: Buffer.from(all) }], { value })).toEqual([])
})

it('a value is found in what is packed, and not where it may be', async () => {
  await mkdir(path.join(folder, 'inputs'))
  await writeFile(path.join(folder, 'inputs/a'), value)
  await writeFile(path.join(folder, 'a.gz'), gzipSync(gzipSync(value)))
  expect(leaksIn(await filesBeneath(folder, /^inputs\//), { value })).toContainEqual({
    ...{ value: 'value', form: 'plain', where: `${path.join(folder, 'a.gz')} (gzip) (gzip)` },
  })
  expect(leaksIn(await filesBeneath(folder, /^/), { value })).toEqual([])
})

it('a value is found in the arguments of what a child starts', async () => {
  const watched = watchArguments()
  // Two commands, so that the shell does not become the first of them.
  await promisify(execFile)('sh', ['-c', 'sleep "$0"; true', '0.25'], { env: process.env })
  const left = await watched.stop()
  expect(leaksIn(left, { value: 'sleep 0.25' })).not.toEqual([])
})
