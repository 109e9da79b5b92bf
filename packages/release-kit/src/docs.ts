import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describedJsonSchema, providerKinds } from '@deploy-actions/config/json-schema'
import { suite, type ActionName } from '../../../actions/suite'
import { actionFolder, readActionFile } from './action-file'
import { withTables } from './action-tables'
import { configReference } from './config-reference'
import { projectRoot } from './project-root'
import { withProviders } from './provider-list'

// npm run docs writes the reference of rollout.yml, the README's list of providers and the tables of every action's
// README; npm run docs -- --check fails when one is stale.
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values
const stale: string[] = []
await keep('docs/rollout-yml.md', configReference(await describedJsonSchema()))
await keep(
  'README.md',
  await withProviders(await readFile(join(projectRoot, 'README.md'), 'utf8'), providerKinds),
)
for (const action of Object.keys(suite) as ActionName[]) {
  const readme = await readFile(join(actionFolder(action), 'README.md'), 'utf8')
  await keep(
    `actions/${action}/README.md`,
    withTables(readme, await readActionFile(action), (await suite[action].schemas()).inputs),
  )
}
if (stale.length > 0) console.log(`${check ? 'stale, run npm run docs' : 'written'}: ${stale.join(', ')}`)
if (check && stale.length > 0) process.exitCode = 1

async function keep(file: string, wanted: string): Promise<void> {
  const path = join(projectRoot, file)
  const written = await readFile(path, 'utf8').catch(() => undefined)
  if (wanted === written) return
  stale.push(file)
  if (!check) await writeFile(path, wanted)
}
