import { eachOnce, InputError, type Ports, type Problem } from '@deploy-actions/action-kit'
import {
  chosen,
  findRegion,
  infrastructureOf,
  infrastructureProblems,
  missingInfrastructure,
  outputsNamedIn,
  readRollout,
  type RolloutFile,
  type Stack,
} from '@deploy-actions/config'
import { locatesState } from '@deploy-actions/terraform'
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
  const { problems, gather } = gathering()
  problems.push(...otherService(given, file))
  const entry = gather(() => findRegion(file, given.region))
  const stack =
    entry && gather(() => stackOf(infrastructureOf(file, entry, ports.context), given.stack, file))
  // An apply is of what was judged; whatever is only looked at harms no other region, nor does what the step itself places.
  if (given.mode === 'plan' && !placesItself(given, stack)) problems.push(...infrastructureProblems(file))
  if (problems.length > 0 || !entry || !stack) throw new InputError(eachOnce(problems))
  const { service } = file
  ports.evidence.about({ service })
  return completed(
    { ...given, service },
    {
      ...{ environment: entry.environment, earlyOutputs: outputsNamedIn(file, EARLY) },
      ...settingsOf(stack, given.mode),
    },
  )
}

/** Inputs that say where a state is, instead of the file. */
const STATE_PLACES = ['path', 'workspace', 'backend-config', 'backend-config-files'] as const

/** By its inputs, or by a secret that it was handed: those of a whole rollout are the same for all, and judged before. */
const placesItself = (given: Given, stack: Stack | undefined): boolean =>
  STATE_PLACES.some((name) => given[name] !== undefined) ||
  (given['tool-secrets'] ?? stack?.['tool-secrets'] ?? []).some(locatesState)

/** What is read when a rollout begins, or puts back what it was before an apply. */
const EARLY = ['traffic', 'deploy', 'checks']

/** What is wrong of several things, told at once. */
function gathering() {
  const problems: Problem[] = []
  return {
    problems,
    gather<T>(read: () => T): T | undefined {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        problems.push(...error.problems)
        return undefined
      }
    },
  }
}

const otherService = ({ service }: Given, file: RolloutFile): Problem[] =>
  service === undefined || service === file.service
    ? []
    : [{ where: 'input `service`', message: `is ${service}, and ${file.path} is of ${file.service}` }]

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

/** The infrastructures of a rollout.yml that a run is for, as a workflow needs them. @throws InputError with every problem */
export async function regions(given: Given, ports: Ports): Promise<Outputs> {
  const { config, 'changed-since': base } = given
  const file = await readRollout(config, ports.context)
  ports.evidence.about({ service: file.service })
  const { known, asked } = wantedOf(given, file, ports)
  const due = base === '' ? asked : await changedOf(asked, { base, known, file }, ports)
  if (due.length > MATRIX_JOBS)
    throw new InputError([
      {
        where: file.path,
        message: `comes to ${due.length} infrastructures, and GitHub runs a matrix of at most ${MATRIX_JOBS} jobs: name fewer regions or stacks where the workflow takes them, or have several such files`,
      },
    ])
  const missing = await missingInfrastructure(
    due.map(({ stack }) => stack),
    ports.context.workspace,
  )
  if (missing.length > 0) throw new InputError(missing)
  const listed = due.map((one) => ({
    title: titleOf(one.entry.name, one.stack.name),
    ...{ name: one.entry.name, environment: one.entry.environment },
    ...{ stack: one.stack.name, path: one.stack.path },
    needs: waitedFor(one, known, due).join(','),
  }))
  const reason =
    listed.length === 0
      ? `nothing of an infrastructure of ${file.service} has changed since ${base === LAST_SUCCESS ? 'the last run that succeeded' : base}`
      : `${file.service} has an infrastructure in ${listed.map(({ title }) => title).join('; ')}`
  ports.log.info(reason)
  return { outcome: 'listed', reason, service: file.service, regions: listed }
}

/** Those that have changed. What one needs may be the only thing that has, and not be asked for. */
async function changedOf(
  asked: readonly OfRegion[],
  { base, known, file }: { base: string; known: readonly OfRegion[]; file: RolloutFile },
  ports: Ports,
): Promise<OfRegion[]> {
  const changed = await (await import('./changed')).changedSince(base, known, file, ports)
  return asked.filter((one) => {
    const why = changed.get(one)
    if (why) ports.log.info(`${titleOf(one.entry.name, one.stack.name)} is planned: ${why}`)
    return why !== undefined
  })
}

/** All that the regions have which are asked for, and what of it is, before it is looked at what has changed. */
function wantedOf(
  given: Given,
  file: RolloutFile,
  { context }: Ports,
): { known: OfRegion[]; asked: OfRegion[] } {
  const { problems, gather } = gathering()
  problems.push(...otherService(given, file), ...infrastructureProblems(file))
  const names = { input: 'regions', noun: 'region', path: file.path }
  const wanted = gather(() => chosen(file.regions, given.regions, names)) ?? file.regions
  const [known, asked]: [OfRegion[], OfRegion[]] = [[], []]
  for (const entry of wanted) {
    const stacks = gather(() => infrastructureOf(file, entry, context))
    if (!stacks) continue
    const all = stacks.map((stack): OfRegion => ({ entry, stack }))
    const wantedStacks = gather(() => stacksOf(stacks, given, file)) ?? []
    known.push(...all)
    asked.push(...all.filter(({ stack }) => wantedStacks.includes(stack)))
  }
  if (problems.length > 0) throw new InputError(eachOnce(problems))
  return { known, asked }
}

/** What of this run a stack is planned after: what it needs, also by way of one that this run leaves alone. */
function waitedFor(
  { entry, stack }: OfRegion,
  known: readonly OfRegion[],
  due: readonly OfRegion[],
): string[] {
  const found = new Set<string>()
  const waiting = new Set(stack.needs)
  for (const need of waiting) {
    const isNeeded = (other: OfRegion): boolean => other.entry === entry && other.stack.name === need
    if (due.some(isNeeded)) found.add(need)
    else for (const further of known.find(isNeeded)?.stack.needs ?? []) waiting.add(further)
  }
  return [...found]
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
  const { script, ...limits } = policy
  return {
    ...same,
    ...limits,
    ...(script && mode === 'plan' && { 'policy-script': script }),
    'backend-config': Object.entries(backend).map(([name, value]) => `${name}=${value}`),
    ...(mode !== 'apply' && { 'var-files': varFiles }),
  }
}
