import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, requireComplete } from './bundle'
import { notice } from './notice'
import { builtFolder, projectRoot } from './project-root'

// Bundles what is shipped: the suite, and the CLI with the worker that it starts as a file of its own.
const [suite, cli, worker] = await Promise.all([
  bundle(join(projectRoot, 'actions/suite-entry.ts'), join(builtFolder, 'suite')),
  bundle(join(projectRoot, 'packages/cli/src/main.ts'), join(builtFolder, 'cli')),
  bundle(join(projectRoot, 'packages/embedded-regions/src/region-worker.ts'), join(builtFolder, 'worker')),
])
await rename(join(builtFolder, 'worker/index.js'), join(builtFolder, 'cli/region-worker.js'))
await rm(join(builtFolder, 'worker'), { recursive: true })
await requireComplete(join(builtFolder, 'cli'))
// npx starts it as a program.
const program = join(builtFolder, 'cli/index.js')
await writeFile(program, `#!/usr/bin/env node\n${await readFile(program, 'utf8')}`)
await chmod(program, 0o755)
await writeFile(join(builtFolder, 'NOTICE'), await notice([...suite, ...cli, ...worker]))
