import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStateServer } from '../../packages/rehearsal/src/state-server'

/** What a tool answered, and what the backend held after that. */
export interface Answer {
  exitCode: number
  stdout: string
  state: string
}

/** Calls by name: `begun plan`, `begun show`, `begun applied` and so on. */
export type Transcript = Record<string, Answer>

const EXAMPLE = join(process.cwd(), 'packages/rehearsal/example/infrastructure')
export const CONFIGURATION = join(EXAMPLE, 'main.tf')

/**
 * Has a tool do all that plan-apply has it do with the configuration of the example: with nothing there, after an apply that
 * failed in its middle, and with all there.
 * @param command the tool and what stands before its arguments
 */
export async function transcriptOf(
  command: readonly [string, ...string[]],
  variables: string,
): Promise<Transcript> {
  const folder = await mkdtemp(join(tmpdir(), 'recorded-'))
  const server = await openStateServer()
  const transcript: Transcript = {}
  const call = async (name: string, ...args: string[]): Promise<void> => {
    const [program, ...first] = command
    const answer = await new Promise<Omit<Answer, 'state'>>((resolve) =>
      execFile(
        program,
        [...first, ...args],
        {
          cwd: folder,
          env: { PATH: process.env['PATH'], TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' },
        },
        (error, stdout) => resolve({ exitCode: Number(error?.code ?? 0), stdout }),
      ),
    )
    transcript[name] = { ...answer, state: server.states.get('/region') ?? '' }
  }
  const files = (isRefused: boolean): string[] => [
    '-var-file=own.tfvars',
    ...(isRefused ? ['-var-file=refused.tfvars'] : []),
  ]
  const plan = async (situation: string, end: 'applied' | 'refused', isLocked = true): Promise<void> => {
    const lock = isLocked ? '-lock-timeout=300s' : '-lock=false'
    await call(
      `${situation} plan ${end}`,
      'plan',
      '-json',
      '-input=false',
      lock,
      ...files(end === 'refused'),
      '-out=plan',
    )
    await call(`${situation} show ${end}`, 'show', '-json', '-no-color', 'plan')
    await call(`${situation} ${end}`, 'apply', '-input=false', '-json', '-lock-timeout=300s', 'plan')
    await call(
      `stale after ${situation} ${end}`,
      'apply',
      '-input=false',
      '-json',
      '-lock-timeout=300s',
      'plan',
    )
  }
  try {
    await cp(CONFIGURATION, join(folder, 'main.tf'))
    await cp(join(EXAMPLE, 'refused.tfvars'), join(folder, 'refused.tfvars'))
    await writeFile(join(folder, 'own.tfvars'), variables)
    const address = `${server.address}/region`
    const backend = ['address', 'lock_address', 'unlock_address'].map(
      (name) => `-backend-config=${name}=${address}`,
    )
    await call('version', 'version')
    await call('version in JSON', 'version', '-json')
    await call('init', 'init', '-input=false', '-no-color', '-reconfigure', ...backend)
    await call('workspace', 'workspace', 'show')
    await call('pulled', 'state', 'pull')
    await call('nothing state', 'show', '-json')
    await plan('nothing', 'refused', false)
    await call('begun state', 'show', '-json')
    await plan('begun', 'refused')
    await plan('begun', 'applied')
    await call('made state', 'show', '-json')
    await call('made plan', 'plan', '-json', '-input=false', '-lock=false', ...files(false), '-out=plan')
    await call('made show', 'show', '-json', '-no-color', 'plan')
    await call('output', 'output', '-json', '-no-color')
    server.states.clear()
    await plan('nothing', 'applied')
    return transcript
  } finally {
    await server.close()
    await rm(folder, { recursive: true })
  }
}
