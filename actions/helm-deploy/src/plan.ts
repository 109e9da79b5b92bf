import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError, type Ports, type Problem, type Secrets } from '@deploy-actions/action-kit'
import { repositoryPath, type Chart, type Upgrade } from '@deploy-actions/helm'
import { defined } from '@deploy-actions/rollout'
import { chartProblems } from './chart'
import { releaseKeys, type Inputs } from './inputs'

/** One release as a step was told of it. */
export interface ReleasePlan {
  release: string
  namespace: string
  /** what is rendered; absent in a mode that renders nothing */
  chart?: Chart
  /** of the repository */
  valuesFiles: string[]
  /** YAML that Helm gets by files of its own, after those of the repository */
  valuesTexts: string[]
  set: Upgrade['set']
  image?: string
  digest?: string
  version?: string
}

/** What a step is told to do, found valid as far as that can be told without Helm. */
export interface Plan {
  releases: [ReleasePlan, ...ReleasePlan[]]
  /** parts of values-secret, and of what is rendered those of its Secrets, which nothing may show */
  hidden: string[]
  /** names of the secrets with values */
  valuesSecrets: string[]
}

/** What is said of one release; its values by text or as a part of a list. */
type Entry = {
  [K in keyof typeof releaseKeys]?: z.infer<(typeof releaseKeys)[K]> | undefined
} & { 'values-files'?: string[] | undefined; values?: string | Record<string, unknown> | undefined }

const { release: name, ...others } = releaseKeys
const entries = z
  .array(
    z.strictObject({
      release: name,
      ...z.object(others).partial().shape,
      'values-files': z.array(repositoryPath()).optional(),
      values: z.record(z.string(), z.unknown()).optional(),
    }),
  )
  .min(1)

const keysOf = <T extends object>(of: T): (keyof T)[] => Object.keys(of) as (keyof T)[]

/** What belongs to a release, and so into its entry where there are several. */
const OF_ONE = [...keysOf(others).filter((key) => key !== 'namespace'), 'values-files', 'values'] as const

/** Puts together what a step is told. @throws InputError with every problem at once */
export async function planOf(
  inputs: Inputs,
  { secrets, context }: Pick<Ports, 'secrets' | 'context'>,
): Promise<Plan> {
  const { parse } = await import('yaml')
  const problems: Problem[] = modeProblems(inputs)
  const written = entriesOf(inputs, parse, problems)
  const read = {
    inputs,
    secrets,
    parse,
    problems,
    valuesSecrets: new Set<string>(),
  }
  const releases = written.map(({ where, entry }) => releaseOf(where, entry, read))
  const seen = releases.map(({ release, namespace }) => `${namespace}/${release}`)
  for (const twice of new Set(seen.filter((one, index) => seen.indexOf(one) !== index)))
    problems.push({ where: 'input `releases`', message: `has ${twice} twice` })
  problems.push(...(await missingFiles(releases, context.workspace)))
  const [first, ...more] = releases
  if (problems.length > 0 || !first) throw new InputError(problems)
  const valuesSecrets = [...read.valuesSecrets]
  return { releases: [first, ...more], hidden: await partsOf(valuesSecrets, secrets), valuesSecrets }
}

function modeProblems({ mode, revision, releases }: Inputs): Problem[] {
  if (revision === undefined) return []
  const where = 'input `revision`'
  if (mode !== 'rollback') return [{ where, message: 'is for mode: rollback' }]
  return releases === undefined ? [] : [{ where, message: 'is of one release; leave it out with releases' }]
}

type Parse = (text: string) => unknown

interface Placed {
  /** makes the name of a key for people */
  where: (key: string) => string
  entry: Entry
}

function entriesOf(inputs: Inputs, parse: Parse, problems: Problem[]): Placed[] {
  if ((inputs.release === undefined) === (inputs.releases === undefined)) {
    problems.push({
      where: 'inputs `release` and `releases`',
      message: 'give exactly one: the name of the release, or a list of several',
    })
    return []
  }
  if (inputs.releases === undefined) return [{ where: (key) => `input \`${key}\``, entry: inputs }]
  const given = OF_ONE.filter((key) => (inputs[key]?.length ?? 0) > 0)
  for (const key of given)
    problems.push({ where: `input \`${key}\``, message: 'belongs into the entries of releases' })
  const parsed = entries.safeParse(mapping(inputs.releases, parse))
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues)
      problems.push({
        where: `input \`releases\`${path.length > 0 ? ` at ${path.map(String).join('.')}` : ''}`,
        message,
      })
    return []
  }
  return parsed.data.map((entry, index) => ({
    where: (key) => `input \`releases\` at ${index}.${key}`,
    entry,
  }))
}

function mapping(text: string, parse: Parse): unknown {
  try {
    return parse(text)
  } catch {
    // What the library says quotes the line.
    return undefined
  }
}

interface Reading {
  inputs: Inputs
  secrets: Secrets
  parse: Parse
  problems: Problem[]
  valuesSecrets: Set<string>
}

function releaseOf(where: Placed['where'], entry: Entry, read: Reading): ReleasePlan {
  const { inputs, problems } = read
  const problem = (key: string, message: string): void => void problems.push({ where: where(key), message })
  const namespace = entry.namespace ?? inputs.namespace
  if (namespace === undefined)
    problem('namespace', 'is missing; the namespace that the release is installed in')
  const plan = { release: entry.release ?? '', namespace: namespace ?? '' }
  if (inputs.mode !== 'deploy') return { ...plan, valuesFiles: [], valuesTexts: [], set: {} }
  const { chart, digest, image, version } = entry
  if (chart === undefined) problem('chart', 'is missing; a folder of the repository, such as charts/api')
  else for (const { key, message } of chartProblems({ ...entry, chart })) problem(key, message)
  return {
    ...plan,
    ...defined({ image, digest, version }),
    chart: {
      chart: chart ?? '',
      ...defined({
        repository: entry['chart-repository'],
        version: entry['chart-version'],
        keyring: entry['chart-keyring'],
      }),
    },
    valuesFiles: entry['values-files'] ?? [],
    valuesTexts: valuesOf(entry, problem, read),
    set: setOf(entry, problem),
  }
}

type SayProblem = (key: string, message: string) => void

/** Which values get the digest. */
function setOf(entry: Entry, problem: SayProblem): Record<string, string> {
  const { digest, version, 'tag-path': tagPath, 'digest-path': digestPath } = entry
  if (digest === undefined) {
    for (const key of ['digest-path', 'tag-path', 'image'] as const)
      if (entry[key] !== undefined) problem(key, 'is for a digest, and there is none')
    return {}
  }
  if (tagPath !== undefined && version === undefined)
    problem('tag-path', 'gets VERSION@DIGEST, and there is no version')
  const path = digestPath ?? (tagPath === undefined ? 'image.digest' : undefined)
  return {
    ...(path === undefined ? {} : { [path]: digest }),
    ...(tagPath === undefined ? {} : { [tagPath]: `${version}@${digest}` }),
  }
}

/** The texts of values and values-secret, which wins. Nothing of them is in a message. */
function valuesOf(entry: Entry, problem: SayProblem, { secrets, parse, valuesSecrets }: Reading): string[] {
  const texts: string[] = []
  const { values, 'values-secret': secretName } = entry
  if (typeof values === 'object') texts.push(JSON.stringify(values))
  if (typeof values === 'string') {
    if (isMap(mapping(values, parse))) texts.push(values)
    else problem('values', 'is no YAML of keys and values')
  }
  if (secretName === undefined) return texts
  const secret = secrets.get(secretName)
  const parsed = secret === undefined ? undefined : mapping(secret, parse)
  if (secret === undefined)
    problem(
      'values-secret',
      `there is no secret ${secretName}; hand it over as a line ${secretName}=... of secrets`,
    )
  else if (!isMap(parsed)) problem('values-secret', `the secret ${secretName} is no YAML of keys and values`)
  else {
    texts.push(secret)
    valuesSecrets.add(secretName)
  }
  return texts
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Everything that is written in secrets with values, which are YAML; one that is not there has nothing. */
export async function partsOf(names: readonly string[], secrets: Secrets): Promise<string[]> {
  if (names.length === 0) return []
  const { parse } = await import('yaml')
  return [...new Set(names.flatMap((name) => scalarsOf(mapping(secrets.get(name) ?? '', parse))))]
}

/** Everything that is written in a value, keys left out. */
function scalarsOf(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(scalarsOf)
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
}

async function missingFiles(releases: readonly ReleasePlan[], workspace: string): Promise<Problem[]> {
  const files = releases.flatMap(({ chart, valuesFiles }) => [
    ...(chart === undefined || chart.repository !== undefined || chart.chart.startsWith('oci://')
      ? []
      : [{ key: 'chart', file: chart.chart }]),
    ...valuesFiles.map((file) => ({ key: 'values-files', file })),
    ...(chart?.keyring === undefined ? [] : [{ key: 'chart-keyring', file: chart.keyring }]),
  ])
  const problems = await Promise.all(
    files.map(async ({ key, file }): Promise<Problem[]> => {
      const isThere = await access(join(workspace, file)).then(
        () => true,
        () => false,
      )
      return isThere || file === ''
        ? []
        : [{ where: `input \`${key}\``, message: `${file} is not in the repository` }]
    }),
  )
  return problems.flat()
}
