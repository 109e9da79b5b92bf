import { execFile } from 'node:child_process'
import { access, constants, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { InputError } from '@deploy-actions/action-kit'
import type { Stack } from '@deploy-actions/config'
import { openStateServer } from './state-server'

/** By what the infrastructure of an example is planned and applied, and where its states are. */
export interface ExampleInfrastructure {
  /** where the states of the regions are kept, each by the name of its region */
  address: string
  /** KEY=VALUE lines for the secrets of the repository */
  secrets: string
  /** for RUNNER_TOOL_CACHE: in it the tool of this machine stands for the version that is asked for */
  toolCache: string
  /** what the state of each region holds by now */
  states(): States
  close(): Promise<void>
}

/** By region: how often its state was written, and the addresses of what is in it, in their order. */
export type States = Record<string, { serial: number; addresses: string[] }>

const NAMES = { terraform: 'Terraform', tofu: 'OpenTofu' } as const

/** In clear here, and nowhere else of use: it seals the plans of a rehearsal. */
const PLAN_KEY = 'the-plans-of-a-rehearsal-are-sealed-by-this'

/** The example as the rehearsal has it. */
interface ExampleOptions {
  /** where the servers and tools of the tests are */
  systems: string
  /** what answers as OpenTofu was recorded to, for the example alone */
  recorded: string
  /** folder in which the tool is put for the jobs */
  toolCache: string
  say(text: string): void
}

/**
 * Finds the tool on this machine, among the servers of the tests or on the PATH; where there is no OpenTofu, what it was
 * recorded to answer stands for it, and that is said.
 * @throws InputError where there is neither
 */
export async function openExampleInfrastructure(
  { tool, version: asked }: Pick<Stack, 'tool' | 'version'>,
  { systems, recorded, toolCache, say }: ExampleOptions,
): Promise<ExampleInfrastructure> {
  const program = await programOf(tool, systems)
  if (program === undefined && tool !== 'tofu') throw missing(tool, systems)
  const version = program === undefined ? RECORDED_VERSION : await versionOf(program)
  say(
    program === undefined
      ? `the infrastructure is NOT planned by a tool: there is no ${tool} on this machine, and what OpenTofu ${version} was recorded to answer for this example stands for it`
      : `the infrastructure is planned and applied by ${NAMES[tool]} ${version} of this machine (${program})`,
  )
  const folder = join(toolCache, tool, asked ?? version, arch())
  // Another rehearsal may have left one there.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  if (program !== undefined) await symlink(program, join(folder, tool))
  else
    await writeFile(
      join(folder, tool),
      `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(recorded)} "$@"\n`,
      {
        mode: 0o755,
      },
    )
  await writeFile(`${folder}.complete`, '')
  const server = await openStateServer()
  return {
    address: server.address,
    secrets: `PLAN_KEY=${PLAN_KEY}`,
    toolCache,
    states: () =>
      Object.fromEntries([...server.states].map(([name, text]) => [name.slice(1), readState(text)])),
    close: () => server.close(),
  }
}

/** For a shell. */
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`

/** What recorded/recording.json is of. */
const RECORDED_VERSION = '1.10.6'

async function programOf(tool: Stack['tool'], systems: string): Promise<string | undefined> {
  const folders = [join(systems, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)].filter(Boolean)
  for (const folder of folders) {
    const path = resolve(folder, tool)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

const missing = (tool: Stack['tool'], systems: string): InputError =>
  new InputError([
    {
      where: 'infrastructure',
      message: `${tool} is neither in ${join(systems, 'bin')} nor on the PATH; install it, or leave the scenario that asks for it`,
    },
  ])

const version = z.looseObject({ terraform_version: z.string() })
async function versionOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['version', '-json'], {
    env: { ...process.env, CHECKPOINT_DISABLE: '1' },
  })
  return version.parse(JSON.parse(stdout)).terraform_version
}

const state = z.looseObject({
  serial: z.int(),
  resources: z.array(z.looseObject({ type: z.string(), name: z.string() })),
})
function readState(text: string): States[string] {
  const { serial, resources } = state.parse(JSON.parse(text))
  return { serial, addresses: resources.map(({ type, name }) => `${type}.${name}`) }
}
