import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { validate, type ValidationConfig } from '@actions/languageservice/validate'
import { parse } from 'yaml'

const root = process.cwd()
const SUITE = { owner: 'OWNER', name: 'deploy-actions' }
const WORKFLOWS = '.github/workflows/'

/** What GitHub's own language service finds wrong in a workflow or an action.yml, as `line: message`. */
export async function findings(name: string, text: string): Promise<string[]> {
  const document = { uri: `file:///${name}`, getText: () => text } as Parameters<typeof validate>[0]
  const diagnostics = await validate(document, config)
  return diagnostics.map(({ range, message }) => `${name}:${range.start.line + 1}: ${message}`)
}

/** The inputs of foreign actions that templates and docs use, as of checkout v7 and setup-terraform v4. */
const FOREIGN = new Map<string, readonly string[]>([
  ['actions/checkout', ['repository', 'ref', 'path', 'persist-credentials', 'fetch-depth']],
  ['hashicorp/setup-terraform', ['terraform_version', 'terraform_wrapper']],
])

const config: ValidationConfig = {
  fileProvider: {
    async getFileContent(reference) {
      // $/x and OWNER/deploy-actions/x@v1 are files of the release tree, which this repository keeps in two folders.
      const path = reference.path.replace(/^\$?\.?\//, '')
      const source = path.startsWith(WORKFLOWS)
        ? join('workflows-templates', path.slice(WORKFLOWS.length))
        : join('actions', path)
      return { name: path, content: await readFile(join(root, source), 'utf8') }
    },
  },
  actionsMetadataProvider: {
    async fetchActionMetadata({ owner, name, path }) {
      if (owner === SUITE.owner && name === SUITE.name)
        return parse(await readFile(join(root, 'actions', path ?? '', 'action.yml'), 'utf8')) as never
      const inputs = FOREIGN.get(`${owner}/${name}`)?.map((input) => [input, { description: input }])
      return inputs && { name, description: name, inputs: Object.fromEntries(inputs) as never }
    },
  },
}
