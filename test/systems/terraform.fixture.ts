import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openBundleJob, type BundleJob, type BundleResult, type BundleRun } from '@deploy-actions/testing'
import { openStateServer, type StateServer } from '../../packages/rehearsal/src/state-server'

/** Where test/systems/install has put it. */
export const installed = (name: string): string =>
  fileURLToPath(new URL(`../../.cache/systems/bin/${name}`, import.meta.url))

const isTerraformHere = (): boolean => {
  try {
    execFileSync('terraform', ['version'], { stdio: 'pipe' })
    return true
  } catch {
    process.stderr.write('plan-apply is NOT tried with Terraform: it is not on the PATH\n')
    return false
  }
}

/** Both, unless PLAN_APPLY names one: OpenTofu, which is built for the tests, and Terraform, where it is on the PATH. */
export const TOOLS: readonly { name: 'terraform' | 'tofu'; tool: string }[] = [
  { name: 'tofu' as const, tool: installed('tofu') },
  ...(isTerraformHere() ? [{ name: 'terraform' as const, tool: 'terraform' }] : []),
].filter(({ name }, _, { length }) => length === 1 || (process.env['PLAN_APPLY'] ?? name) === name)

/** Where a tool is, for a script that stands before it. */
export const programPath = (tool: string): string =>
  execFileSync('which', [tool], { encoding: 'utf8' }).trim()

export const KEY = 'fedcba9876543210fedcba9876543210'
export const SECRET = 'swordfish-of-the-test'

/**
 * Two objects, of which the second depends on the first, and a secret.
 * @param input of the first @param command what the provisioner of the second runs
 */
export const configuration = (input: string, command = 'true'): string => `
terraform { 
  backend "http" {} 
}
variable "token" {
  sensitive = true
}
resource "terraform_data" "first" { 
  input = "${input}" 
}
resource "terraform_data" "second" {
  input            = var.token
  triggers_replace = [terraform_data.first.output]
  provisioner "local-exec" { 
    command = "${command}" 
  }
}
output "first" { 
  value = terraform_data.first.output 
}
`

export type Inputs = Readonly<Record<string, string>>

/** A repository with a configuration in `infra`, whose state a server on the loopback keeps. */
export interface TerraformLab {
  server: StateServer
  job: BundleJob
  /** plan-apply as it ships, with inputs that say where and by what, and those */
  step(inputs: Inputs, more?: Omit<BundleRun, 'inputs'>): Promise<BundleResult>
  /** @returns the inputs by which the plan is applied */
  planned(more?: Inputs): Promise<Inputs>
  write(configuration: string): Promise<void>
  stateOf(region: string): { serial: number; lineage: string; resources: { name: string; type: string }[] }
  close(): Promise<void>
}

export async function openTerraformLab(tool: string, configuration: string): Promise<TerraformLab> {
  const server = await openStateServer()
  const job = await openBundleJob({ 'infra/main.tf': configuration })
  const step: TerraformLab['step'] = (inputs, more = {}) =>
    job.run('plan-apply', {
      inputs: {
        ...{ tool, path: 'infra', region: 'eu', environment: 'prod-eu' },
        ...{ 'backend-config': backendOf(server, 'eu'), 'plan-store': 'file:plans' },
        ...{ 'plan-key-secret': 'PLAN_KEY', 'tool-secrets': 'TF_VAR_token' },
        secrets: `PLAN_KEY=${KEY}\nTF_VAR_token=${SECRET}`,
        ...inputs,
      },
      ...more,
    })
  return {
    ...{ server, job, step },
    async planned(more = {}) {
      const { outputs, stdout } = await step({ ...more, mode: 'plan' })
      if (outputs['outcome'] !== 'planned')
        throw new Error(`not planned: ${JSON.stringify(outputs)}\n${stdout}`)
      return {
        mode: 'apply',
        'plan-id': outputs['plan-id'] ?? '',
        'plan-sha256': outputs['plan-sha256'] ?? '',
      }
    },
    write: (text) => writeFile(join(job.workspace, 'infra/main.tf'), text),
    stateOf: (region) => JSON.parse(server.states.get(`/${region}`) ?? '{}') as never,
    async close() {
      await job.close()
      await server.close()
    },
  }
}

/** The registries whose providers the tools look for. */
const REGISTRIES = { terraform: 'registry.terraform.io', tofu: 'registry.opentofu.org' } as const

/** Has the tool find the provider `hashicorp/local` on this machine. @returns what the environment has to say for that */
export async function localProvider(
  { job }: Pick<TerraformLab, 'job'>,
  kind: keyof typeof REGISTRIES,
): Promise<Record<string, string>> {
  const mirror = join(job.temp, 'mirror')
  const folder = join(
    mirror,
    REGISTRIES[kind],
    'hashicorp/local/2.9.0',
    `linux_${arch() === 'x64' ? 'amd64' : arch()}`,
  )
  await mkdir(folder, { recursive: true })
  await symlink(installed('terraform-provider-local'), join(folder, 'terraform-provider-local_v2.9.0'))
  const settings = join(job.temp, 'providers.tfrc')
  await writeFile(
    settings,
    `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`,
  )
  return { TF_CLI_CONFIG_FILE: settings }
}

/** Settings of the backend of a region, one a line. */
export function backendOf({ address: base }: StateServer, region: string): string {
  const address = `${base}/${region}`
  return [`address=${address}`, `lock_address=${address}`, `unlock_address=${address}`].join('\n')
}
