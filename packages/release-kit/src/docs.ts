import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { suite, type ActionName } from '../../../actions/suite'
import { actionFolder, readActionFile } from './action-file'
import { withTables } from './action-tables'

// npm run docs writes the tables of every action's README; npm run docs -- --check fails when one is stale.
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values
const stale: string[] = []
for (const action of Object.keys(suite) as ActionName[]) {
  const path = join(actionFolder(action), 'README.md')
  const written = await readFile(path, 'utf8')
  const wanted = withTables(written, await readActionFile(action), (await suite[action]()).default)
  if (wanted === written) continue
  stale.push(`actions/${action}/README.md`)
  if (!check) await writeFile(path, wanted)
}
if (stale.length > 0) console.log(`${check ? 'stale, run npm run docs' : 'written'}: ${stale.join(', ')}`)
if (check && stale.length > 0) process.exitCode = 1
