import { open, access, constants } from 'node:fs/promises'
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path'
import type { ProviderPorts } from '@deploy-actions/action-kit'

export type Kind = 'terraform' | 'tofu'

/** The program itself, and what it is. */
export interface Program {
  path: string
  kind: Kind
  version: string
}

/** There is no such program here, or none that can be used. */
export class ToolMissing extends Error {}

/** Below these, plans in JSON or saved plans lack what is asked for here. */
const OLDEST: Readonly<Record<Kind, readonly [number, number]>> = { terraform: [1, 5], tofu: [1, 7] }
const VERSION_MS = 60_000

/**
 * Finds the program and asks for its version. `hashicorp/setup-terraform` and `opentofu/setup-opentofu` put a script of
 * Node before it that hands all output on to the job; the program behind it is taken instead.
 * @param name `terraform`, `tofu` or a path
 * @throws ToolMissing
 */
export async function findProgram(
  name: string,
  ports: Pick<ProviderPorts, 'process' | 'ambient'>,
  signal: AbortSignal,
): Promise<Program> {
  const found = await behindWrapper(await onPath(name, ports.ambient['PATH'] ?? ''), ports.ambient)
  const { stdout } = await ports.process.run({
    ...{ command: [found, 'version'], env: { CHECKPOINT_DISABLE: '1' }, timeoutMs: VERSION_MS, signal },
  })
  // In JSON, OpenTofu says its version under the name of Terraform.
  const [, product, version] = /^(Terraform|OpenTofu) v(\d+\.\d+\.\S+)/m.exec(stdout) ?? []
  if (version === undefined)
    throw new ToolMissing(`${found} does not tell its version as Terraform or OpenTofu does; is it one?`)
  const kind = product === 'OpenTofu' ? 'tofu' : 'terraform'
  mustBeRecent(kind, version)
  return { path: found, kind, version }
}

/** @throws ToolMissing for one that is too old */
export function mustBeRecent(kind: Kind, version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldMajor, oldMinor] = OLDEST[kind]
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return
  throw new ToolMissing(
    `${kind} ${version} is too old: ${oldMajor}.${oldMinor} or later is needed; install it in an earlier step`,
  )
}

async function onPath(name: string, path: string): Promise<string> {
  const candidates = isAbsolute(name) ? [name] : path.split(delimiter).map((folder) => join(folder, name))
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate
  throw new ToolMissing(
    `${name} is not on the PATH of the runner; install it in an earlier step, or name its path in tool`,
  )
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** Where `hashicorp/setup-terraform` and `opentofu/setup-opentofu` keep the program that their script stands for. */
const BEHIND = [
  { folder: 'TERRAFORM_CLI_PATH', name: 'terraform-bin' },
  { folder: 'TOFU_CLI_PATH', name: 'tofu-bin' },
] as const

async function behindWrapper(path: string, ambient: Readonly<Record<string, string>>): Promise<string> {
  if (!/^#!.*\bnode\b/.test(await beginning(path))) return path
  for (const { folder, name } of BEHIND.filter((one) => one.name === `${basename(path)}-bin`))
    for (const place of [ambient[folder], dirname(path)])
      if (place !== undefined && (await isExecutable(join(place, name)))) return join(place, name)
  throw new ToolMissing(
    `${path} is a script around the program, which would turn its exit codes into others; set terraform_wrapper (or tofu_wrapper): false in the step that installs it`,
  )
}

async function beginning(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
    return buffer.subarray(0, bytesRead).toString('latin1').split('\n')[0] ?? ''
  } finally {
    await file.close()
  }
}
