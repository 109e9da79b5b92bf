import { InputError, type Ports } from '@deploy-actions/action-kit'
import {
  chosen,
  findRegion,
  infrastructureOf,
  readRollout,
  type RolloutFile,
  type Stack,
} from '@deploy-actions/config'
import type { OfRegion } from './changed'
import { completed, LAST_SUCCESS, type Given, type Inputs } from './inputs'
import type { Outputs } from './outputs'

/** The inputs, with what rollout.yml says for the region where they leave it out. @throws InputError with every problem */
export async function configured(given: Given, ports: Ports): Promise<Inputs> {
  const file = await readRollout(given.config, ports.context)
  if (given.region === '')
    throw new InputError([
      {
        where: 'input `region`',
        message: `is missing; known in ${file.path}: ${file.regions.map(({ name }) => name).join(', ')}`,
      },
    ])
  const entry = findRegion(file, given.region)
  ports.evidence.about({ service: file.service })
  const stack = stackOf(infrastructureOf(file, entry, ports.context), given.stack, file)
  return completed(given, { environment: entry.environment, ...settingsOf(stack, given.mode) })
}

/** @throws InputError where the region has no such stack, or several and none is named */
function stackOf(stacks: readonly Stack[], wanted: string | undefined, { path }: RolloutFile): Stack {
  const found = stacks.find(({ name }) => name === (wanted ?? ''))
  if (found) return found
  const names = stacks.map(({ name }) => name).join(', ')
  const message =
    names === ''
      ? `${path} has one infrastructure without stacks: leave this out`
      : wanted === undefined
        ? `is missing; known in ${path}: ${names}`
        : `no stack is named ${wanted}; known in ${path}: ${names}`
  throw new InputError([{ where: 'input `stack`', message }])
}

/** https://docs.github.com/en/actions/reference/limits */
const MATRIX_JOBS = 256

/** The infrastructures of a rollout.yml that a run is for, as a workflow needs them. */
export async function regions(given: Given, ports: Ports): Promise<Outputs> {
  const { config, 'changed-since': base } = given
  const file = await readRollout(config, ports.context)
  ports.evidence.about({ service: file.service })
  const wanted = chosen(file.regions, given.regions, { input: 'regions', noun: 'region', path: file.path })
  const all = wanted.flatMap((entry): OfRegion[] =>
    stacksOf(infrastructureOf(file, entry, ports.context), given, file).map((stack) => ({ entry, stack })),
  )
  const due = base === '' ? all : await (await import('./changed')).changedSince(base, all, file, ports)
  if (due.length > MATRIX_JOBS)
    throw new InputError([
      {
        where: 'input `regions`',
        message: `comes to ${due.length} infrastructures, and GitHub runs a matrix of at most ${MATRIX_JOBS} jobs: name fewer regions or stacks`,
      },
    ])
  const listed = due.map(({ entry, stack }) => ({
    title: titleOf(entry.name, stack.name),
    ...{ name: entry.name, environment: entry.environment, stack: stack.name, path: stack.path },
    needs: stack.needs
      .filter((need) => due.some((other) => other.entry === entry && other.stack.name === need))
      .join(','),
  }))
  const reason =
    listed.length === 0
      ? `nothing of an infrastructure of ${file.service} has changed since ${base === LAST_SUCCESS ? 'the last run that succeeded' : base}`
      : `${file.service} has an infrastructure in ${listed.map(({ title }) => title).join('; ')}`
  ports.log.info(reason)
  return { outcome: 'listed', reason, service: file.service, regions: listed }
}

const stacksOf = (all: Stack[], { stacks }: Given, { path }: RolloutFile): Stack[] =>
  all.some(({ name }) => name === '') && stacks.trim() === 'all'
    ? all
    : chosen(
        all.filter(({ name }) => name !== ''),
        stacks,
        { input: 'stacks', noun: 'stack', path },
      )

/** What a stack of a region is called, for people. */
const titleOf = (region: string, stack: string): string => [region, stack].filter(Boolean).join(', ')

/** The same as inputs; what is planned by is not said again to an apply. */
export function settingsOf(
  { policy, 'backend-config': backend, 'var-files': varFiles, name: _, needs: _needs, ...same }: Stack,
  mode: Inputs['mode'],
): Partial<Inputs> {
  return {
    ...same,
    ...policy,
    'backend-config': Object.entries(backend).map(([name, value]) => `${name}=${value}`),
    ...(mode !== 'apply' && { 'var-files': varFiles }),
  }
}
