import { rm } from 'node:fs/promises'

export default async function tearDown() {
  await rm(process.env.TMPDIR, { recursive: true, force: true })
}
