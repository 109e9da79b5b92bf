import { isDeepStrictEqual } from 'node:util'
import { basename, join } from 'node:path/posix'
import { z } from 'zod'
import { GateFailed, ProviderError, type ChildResult, type Ports } from '@deploy-actions/action-kit'
import {
  findRegion,
  infrastructureOf,
  parseRollout,
  type RegionEntry,
  type RolloutFile,
  type Stack,
} from '@deploy-actions/config'
import { LAST_SUCCESS } from './inputs'
import { isWithin, openCheckout, placesOf, type Checkout } from './places'

/** A stack of a region, or the one infrastructure that it has. */
export interface OfRegion {
  entry: RegionEntry
  stack: Stack
}

const GIT_MS = 60_000
/** Forms of rollout.yml that are compared, each of which is read. */
const MOST_TEXTS = 50
const MOST_OUTPUT = 16 * 1024 * 1024

const run = z.looseObject({
  path: z.string(),
  event: z.string(),
  head_branch: z.string(),
  head_sha: z.string(),
})
const runs = z.looseObject({ workflow_runs: z.array(run).max(1) })

/**
 * The commit of the newest run of this workflow for this branch that succeeded and began by the same event: one by hand may
 * have been for less than what had changed. Source: REST API, "List workflow runs for a workflow".
 */
async function lastSuccess({ github, context }: Ports): Promise<string | undefined> {
  const options = { permission: 'actions: read' }
  const own = run.parse(
    await github.request(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      { run_id: context.runId },
      options,
    ),
  )
  const found = await github.request(
    'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs',
    {
      // The name of its file stands for its id.
      workflow_id: basename(own.path.split('@')[0] ?? ''),
      ...{ branch: own.head_branch, event: own.event, status: 'success', per_page: 1 },
    },
    options,
  )
  return runs.parse(found).workflow_runs[0]?.head_sha
}

/**
 * Those of which a file, or their part of rollout.yml, has changed since a commit, and those that need one of them. All of
 * them where the commit is not known, as after a push by force: what is planned in vain changes nothing.
 */
export async function changedSince(
  since: string,
  all: readonly OfRegion[],
  file: RolloutFile,
  ports: Ports,
): Promise<OfRegion[]> {
  const everything = (why: string): OfRegion[] => {
    ports.log.warning(`${why}: every infrastructure is planned`)
    return [...all]
  }
  const base = since === LAST_SUCCESS ? await lastSuccess(ports) : since
  if (base === undefined) return everything('no run of this workflow has succeeded yet for this branch')
  if ((await git(['cat-file', '-e', `${base}^{commit}`], ports)) === undefined)
    return everything(
      `the checkout does not hold ${base} (actions/checkout has it with fetch-depth: 0, unless its branch was pushed over)`,
    )
  if (since === LAST_SUCCESS) await mustNotGoBack(base, ports)
  const changes = await changesSince(base, ports)
  if (!changes) return everything(`more has changed since ${base} than is read`)
  const changed = [...new Set(changes.map(({ name }) => name))]
  const config = join(file.path)
  const texts = new Set(changes.flatMap(({ name, text }) => (name === config ? [text] : [])))
  if (texts.size > MOST_TEXTS)
    return everything(`${file.path} had ${texts.size} forms since ${base}, and ${MOST_TEXTS} are read`)
  const wasSaid = await settingsIn([`${base}:${config}`, ...texts], all, file, ports)
  const checkout = openCheckout(ports.context.workspace)
  const due = new Set<OfRegion>()
  // Each comes after all that it needs.
  for (const one of all) {
    const needed = [...due].find(
      ({ entry, stack }) => entry === one.entry && one.stack.needs.includes(stack.name),
    )
    const why = needed
      ? `it needs ${needed.stack.name}`
      : wasSaid(one)
        ? await whyChanged(one.stack, changed, checkout)
        : `what ${file.path} says of it has changed`
    if (why === undefined) continue
    due.add(one)
    ports.log.info(`${[one.entry.name, one.stack.name].filter(Boolean).join(', ')} is planned: ${why}`)
  }
  return [...due]
}

/**
 * A run that is run again has the commit that it had: where a newer one has succeeded meanwhile, it would bring back what that
 * has replaced. @throws GateFailed
 */
async function mustNotGoBack(base: string, ports: Ports): Promise<void> {
  const head = (await git(['rev-parse', 'HEAD'], ports))?.trim()
  if (head === base) return
  const { exitCode } = await runGit(['merge-base', '--is-ancestor', 'HEAD', base], ports)
  if (exitCode === 1) return
  if (exitCode !== 0 || head === undefined) throw unknown(base)
  throw new GateFailed(
    `this run is for ${head}, and ${base}, which is newer, has succeeded since: nothing is planned, as that would bring the older one back; run the newest commit instead or, to really go back, this one by hand without changed-since`,
  )
}

const unknown = (base: string): ProviderError =>
  new ProviderError(`git could not tell what has changed since ${base}`, { provider: 'git' })

interface Change {
  name: string
  /** by which git finds what the file holds by then; zeros where it is gone */
  text: string
}

/** What differs from a commit, or differed in between: a run may have applied what was changed back since. */
async function changesSince(base: string, ports: Ports): Promise<Change[] | undefined> {
  // A submodule is one that has changed, whatever .gitmodules says of it.
  const flags = ['--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none', '-z']
  const [now, between] = [
    await git(['diff', ...flags, base, 'HEAD'], ports),
    await git(['log', '-m', '--format=', ...flags, `${base}..HEAD`], ports),
  ]
  if (now === undefined || between === undefined) throw unknown(base)
  // Of more than this the end alone is kept.
  if (Math.max(now.length, between.length) >= MOST_OUTPUT) return undefined
  return [...changesIn(now), ...changesIn(between)]
}

/** Each name, as it is, comes after what has become of it: `:MODE MODE ID ID STATUS`, NUL, name, NUL. */
function changesIn(raw: string): Change[] {
  const parts = raw.split('\0')
  return parts.flatMap((name, index) =>
    index % 2 === 1 ? [{ name, text: parts[index - 1]?.split(' ')[3] ?? '' }] : [],
  )
}

/** Whether several texts of rollout.yml all said of a stack what is said of it now. */
async function settingsIn(
  texts: readonly string[],
  all: readonly OfRegion[],
  { path }: RolloutFile,
  ports: Ports,
): Promise<(one: OfRegion) => boolean> {
  const regions = [...new Set(all.map(({ entry }) => entry.name))]
  const said: ReadonlyMap<string, readonly Stack[]>[] = []
  for (const text of texts) {
    const read = (await git(['cat-file', 'blob', text], ports)) ?? ''
    const file = await parseRollout(read, path).catch(() => undefined)
    said.push(new Map(regions.map((region) => [region, stacksOf(file, region, ports)])))
  }
  return ({ entry, stack }) =>
    said.every((of) =>
      isDeepStrictEqual(
        of.get(entry.name)?.find(({ name }) => name === stack.name),
        stack,
      ),
    )
}

/** None where the file was not there, or is wrong. */
function stacksOf(file: RolloutFile | undefined, region: string, { context }: Ports): Stack[] {
  try {
    return file ? infrastructureOf(file, findRegion(file, region), context) : []
  } catch {
    return []
  }
}

/** Which of the names is of a stack: of its folder, of its settings, or of what these name; undefined where none is. */
async function whyChanged(
  stack: Stack,
  changed: readonly string[],
  checkout: Checkout,
): Promise<string | undefined> {
  const { path, 'var-files': varFiles, 'backend-config-files': backendFiles } = stack
  const places = await placesOf(path, [...varFiles, ...backendFiles], checkout)
  const found = changed.find((name) => places.some((place) => isOf(name, place)))
  if (found === undefined) return undefined
  return places.includes('.')
    ? `${found} has changed, and what it reads may be anywhere in the repository`
    : `${found} has changed`
}

/** Of a submodule, and of a link that leads to a folder, git names these alone. */
const isOf = (name: string, place: string): boolean => isWithin(name, place) || isWithin(place, name)

/** @returns what git prints; undefined where it says no */
async function git(args: readonly string[], ports: Ports): Promise<string | undefined> {
  const { exitCode, stdout } = await runGit(args, ports)
  return exitCode === 0 ? stdout : undefined
}

const runGit = (args: readonly string[], { process, context, signal }: Ports): Promise<ChildResult> =>
  process.run({
    command: ['git', ...args],
    cwd: context.workspace,
    env: { GIT_TERMINAL_PROMPT: '0' },
    jobEnvironment: (name) => /^(HOME|GIT_CONFIG_.*)$/.test(name),
    keep: MOST_OUTPUT,
    timeoutMs: GIT_MS,
    signal,
  })
