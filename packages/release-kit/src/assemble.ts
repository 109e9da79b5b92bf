import { join } from 'node:path'
import { parseArgs } from 'node:util'
import rootManifest from '../../../package.json' with { type: 'json' }
import { projectRoot } from './project-root'
import type { References } from './references'
import { writeRelease } from './release-tree'
import { requireSize } from './size-budget'

// npm run release:assemble -- [--refs exact --version vX.Y.Z --repository OWNER/deploy-actions] [--target FOLDER]
const { values } = parseArgs({
  options: {
    refs: { type: 'string', default: 'self' },
    version: { type: 'string', default: `v${rootManifest.version}` },
    repository: { type: 'string' },
    target: { type: 'string', default: join(projectRoot, '.release') },
  },
})

await writeRelease({ target: values.target, version: values.version, references: references() })
await requireSize(values.target)

function references(): References {
  const { refs, version, repository } = values
  if (refs === 'self') return 'self'
  if (refs !== 'exact')
    throw new Error(`--refs ${refs}: write self ($/NAME) or exact (OWNER/deploy-actions/NAME@vX.Y.Z)`)
  if (!/^v\d+\.\d+\.\d+$/.test(version))
    throw new Error(`--version ${version}: exact references need a version like v1.2.3`)
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository ?? ''))
    throw new Error(`--repository ${repository ?? '(missing)'}: exact references need one, as OWNER/NAME`)
  return { repository: repository ?? '', version }
}
