import { execFile } from 'node:child_process'
import { access, constants, mkdir, symlink } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { InputError } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'
import type { BuiltIn } from '@deploy-actions/workflow-engine'
import { openStateServer } from './state-server'

type Infrastructure = NonNullable<RegionConfig['infrastructure']>

/** By what the infrastructure of an example is planned and applied, and where its states are. */
export interface ExampleInfrastructure {
  /** where the states of the regions are kept, each by the name of its region */
  address: string
  /** KEY=VALUE lines for the secrets of the repository */
  secrets: string
  /** plays the actions that set a tool up: it is one of this machine */
  setUp: BuiltIn
  /** what the state of each region holds by now */
  states(): States
  close(): Promise<void>
}

/** By region: how often its state was written, and the addresses of what is in it, in their order. */
export type States = Record<string, { serial: number; addresses: string[] }>

const NAMES = { terraform: 'Terraform', tofu: 'OpenTofu' } as const

/** In clear here, and nowhere else of use: it seals the plans of a rehearsal. */
const PLAN_KEY = 'the-plans-of-a-rehearsal-are-sealed-by-this'

/**
 * Finds the tool on this machine, among the servers of the tests or on the PATH.
 * @param folder where a link to it goes, for the jobs that set it up
 * @throws InputError where there is none
 */
export async function openExampleInfrastructure(
  { tool }: Pick<Infrastructure, 'tool'>,
  { systems, folder, say }: { systems: string; folder: string; say(text: string): void },
): Promise<ExampleInfrastructure> {
  const program = await programOf(tool, systems)
  const version = await versionOf(program)
  say(`the infrastructure is planned and applied by ${NAMES[tool]} ${version} of this machine (${program})`)
  await mkdir(folder, { recursive: true })
  await symlink(program, join(folder, tool))
  const server = await openStateServer()
  return {
    address: server.address,
    secrets: `PLAN_KEY=${PLAN_KEY}`,
    setUp({ addPath, log }) {
      addPath(folder)
      log(`${NAMES[tool]} ${version} of this machine`)
      return Promise.resolve(undefined)
    },
    states: () =>
      Object.fromEntries([...server.states].map(([name, text]) => [name.slice(1), readState(text)])),
    close: () => server.close(),
  }
}

/** Where nothing is planned, nothing is set up. */
export const setsNothingUp: BuiltIn = () =>
  Promise.reject(new Error('this rehearsal plans no infrastructure, and sets no tool up for it'))

async function programOf(tool: Infrastructure['tool'], systems: string): Promise<string> {
  const folders = [join(systems, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)].filter(Boolean)
  for (const folder of folders) {
    const path = resolve(folder, tool)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  throw new InputError([
    {
      where: 'infrastructure',
      message: `${tool} is neither in ${join(systems, 'bin')}, where test/systems/install builds one, nor on the PATH; install it, or rehearse another example`,
    },
  ])
}

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
