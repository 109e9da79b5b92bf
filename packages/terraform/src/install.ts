import { createHash } from 'node:crypto'
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf, type ProviderPorts } from '@deploy-actions/action-kit'
import { ToolMissing, type Kind } from './program'

/** Where a publisher keeps a version: an archive for each platform, and a file with the digests of all of them. */
export interface Release {
  /** address of the folder, with a slash at its end */
  folder: string
  archive: string
  sums: string
}

const MACHINES: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
])
const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['linux', 'linux'],
  ['darwin', 'darwin'],
])

/**
 * https://releases.hashicorp.com/terraform/1.15.7/ and https://github.com/opentofu/opentofu/releases/tag/v1.12.3: both name
 * their files alike.
 */
export function releaseOf(kind: Kind, version: string): Release {
  const machine = MACHINES.get(arch())
  const system = SYSTEMS.get(platform())
  if (machine === undefined || system === undefined)
    throw new ToolMissing(
      `nobody publishes ${kind} for ${platform()} on ${arch()} in the way that is known here; install it in an earlier step, and leave version out`,
    )
  return {
    folder:
      kind === 'terraform'
        ? `https://releases.hashicorp.com/terraform/${version}/`
        : `https://github.com/opentofu/opentofu/releases/download/v${version}/`,
    archive: `${kind}_${version}_${system}_${machine}.zip`,
    sums: `${kind}_${version}_SHA256SUMS`,
  }
}

/** As long as a slow network may take for thirty megabytes. */
const DOWNLOAD_MS = 10 * 60_000
const UNPACK_MS = 60_000

/** What `curl` reads of the job's environment: through which proxy it goes, and whom it trusts. */
const OF_NETWORK = /^(PATH|HOME|(https?|all|no)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE)$/i

/**
 * Gets a version from its publisher, proves its digest, and keeps it in the tool cache of the runner, where the next step,
 * and on a machine that stays the next job, finds it. @returns its path @throws ToolMissing
 */
export async function installProgram(
  { kind, version, release }: { kind: Kind; version: string; release?: Release },
  ports: Pick<ProviderPorts, 'process' | 'ambient' | 'temp'>,
  signal: AbortSignal,
): Promise<string> {
  const cache = join(ports.ambient['RUNNER_TOOL_CACHE'] ?? ports.temp, kind, version, arch())
  const program = join(cache, kind)
  // As GitHub's own tool cache has it: the mark comes last.
  const mark = `${cache}.complete`
  if (await isThere(mark)) return program
  // In the cache: on a machine of your own it may be of another disk than what is temporary, across which nothing is renamed.
  await mkdir(dirname(cache), { recursive: true })
  const folder = await mkdtemp(`${cache}-`)
  try {
    await unpacked({ kind, release: release ?? releaseOf(kind, version) }, folder, ports, signal)
    await chmod(join(folder, kind), 0o755)
    await rm(cache, { recursive: true, force: true })
    await rename(folder, cache)
    await writeFile(mark, '')
    return program
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ToolMissing) throw error
    throw new ToolMissing(`${kind} ${version} could not be set up: ${messageOf(error)}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function unpacked(
  { kind, release }: { kind: Kind; release: Release },
  folder: string,
  ports: Pick<ProviderPorts, 'process'>,
  signal: AbortSignal,
): Promise<void> {
  const { folder: from, archive, sums } = release
  const run = async (timeoutMs: number, ...command: [string, ...string[]]): Promise<void> => {
    const { exitCode, stderr } = await ports.process.run({
      ...{ command, cwd: folder, env: {}, timeoutMs, signal },
      jobEnvironment: (name) => OF_NETWORK.test(name),
    })
    if (exitCode !== 0) throw new ToolMissing(`${command[0]} of ${from}${archive}: ${stderr.trim()}`)
  }
  const flags = [
    '--fail',
    '--silent',
    '--show-error',
    '--location',
    '--proto-redir',
    '=https',
    '--retry',
    '3',
  ]
  for (const name of [sums, archive]) await run(DOWNLOAD_MS, 'curl', ...flags, '--output', name, from + name)
  const wanted = (await readFile(join(folder, sums), 'utf8'))
    .split('\n')
    .map((line) => line.split(/\s+\*?/))
    .find(([, name]) => name === archive)?.[0]
  const digest = createHash('sha256')
    .update(await readFile(join(folder, archive)))
    .digest('hex')
  if (wanted !== digest)
    throw new ToolMissing(
      `${from}${archive} has the digest ${digest}, and ${sums} says ${wanted ?? 'nothing of it'}: it is not used`,
    )
  await run(UNPACK_MS, 'unzip', '-q', '-o', archive, kind)
  await Promise.all([archive, sums].map((name) => rm(join(folder, name))))
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
