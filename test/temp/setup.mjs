import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One temporary folder for the whole run, which its workers inherit: what tests leave in it goes with it. */
export default async function setUp() {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'deploy-actions-tests-'))
}
