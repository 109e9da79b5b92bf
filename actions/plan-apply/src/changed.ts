import { isDeepStrictEqual } from 'node:util'
import { join } from 'node:path/posix'
import type { Ports } from '@deploy-actions/action-kit'
import {
  findRegion,
  infrastructureOf,
  parseRollout,
  type RegionEntry,
  type RolloutFile,
  type Stack,
} from '@deploy-actions/config'
import { LAST_SUCCESS } from './inputs'
import type { LastSuccess } from './other-runs'
import { openCheckout, placesOf, type Checkout } from './places'

/** A stack of a region, or the one infrastructure that it has. */
export interface OfRegion {
  entry: RegionEntry
  stack: Stack
}

const GIT_MS = 60_000
/** Forms of rollout.yml that are compared, each of which is read. */
const MOST_TEXTS = 50
const MOST_OUTPUT = 16 * 1024 * 1024

/**
 * Those of which a file, or their part of rollout.yml, has changed since a commit, and those that need one of them, each with
 * why. All of them where it cannot be known, as after a push by force, which is told once for all: what is planned in vain
 * changes nothing.
 * @throws GateFailed where since is last-success, and a newer commit has succeeded
 */
export async function changedSince(
  since: string,
  all: readonly OfRegion[],
  file: RolloutFile,
  ports: Ports,
): Promise<Map<OfRegion, string>> {
  const everything = (why: string): Map<OfRegion, string> => {
    ports.log.warning(`${why}: every infrastructure is planned`)
    return new Map(all.map((one) => [one, '']))
  }
  const last =
    since === LAST_SUCCESS
      ? await (await import('./other-runs')).lastSuccess(ports)
      : { commit: since, others: NO_OTHERS }
  if (last === undefined) return everything('no run of this workflow has succeeded yet for this branch')
  const { commit: base } = last
  if ((await git(['cat-file', '-e', `${base}^{commit}`], ports)) === undefined)
    return everything(
      `the checkout does not hold ${base} (actions/checkout has it with fetch-depth: 0, unless its branch was pushed over)`,
    )
  const stray = await strayOf(last, ports)
  if (stray !== undefined) return everything(stray)
  const changes = await changesSince(base, ports)
  if (!changes)
    return everything(`what has changed since ${base} is more than is read, or git could not tell it`)
  const changed = [...new Set(changes.map(({ name }) => name))].map((name) => ({
    name,
    folders: foldersOf(name),
  }))
  const config = join(file.path)
  const texts = new Set(changes.flatMap(({ name, text }) => (name === config ? [text] : [])))
  if (texts.size > MOST_TEXTS)
    return everything(`${file.path} had ${texts.size} forms since ${base}, and ${MOST_TEXTS} are read`)
  const wasSaid = await settingsIn([`${base}:${config}`, ...texts], all, file, ports)
  const checkout = openCheckout(ports.context.workspace)
  const due = new Map<OfRegion, string>()
  // Each comes after all that it needs.
  for (const one of all) {
    const needed = [...due.keys()].find(
      ({ entry, stack }) => entry === one.entry && one.stack.needs.includes(stack.name),
    )
    const why = needed
      ? `it needs ${needed.stack.name}`
      : wasSaid(one)
        ? await whyChanged(one.stack, changed, checkout)
        : `what ${file.path} says of it has changed`
    if (why !== undefined) due.set(one, why)
  }
  return due
}

const NO_OTHERS = { begunSince: [], endedSince: [] }

/** What another run may have brought of which the commits from the last success on do not tell; undefined where it is nothing. */
async function strayOf({ commit, others }: LastSuccess, ports: Ports): Promise<string | undefined> {
  if (others === undefined)
    return 'it cannot be told which runs of this workflow came after the last that succeeded'
  const stray =
    (await notBetween(commit, others.begunSince, ports)) ?? (await notOfHistory(others.endedSince, ports))
  return (
    stray &&
    `a run since the last that succeeded was for ${stray}, and may have brought what this commit does not tell of`
  )
}

/** The first that is neither the last success nor comes after it: an older one may have been brought back. */
async function notBetween(
  commit: string,
  begun: readonly string[],
  ports: Ports,
): Promise<string | undefined> {
  if (begun.length === 0) return undefined
  const told = new Set((await git(['rev-list', `${commit}..HEAD`], ports))?.split('\n'))
  return begun.find((sha) => sha !== commit && !told.has(sha))
}

/** The first of another history. What is of this one was brought before the last success, or is told by what came after. */
async function notOfHistory(ended: readonly string[], ports: Ports): Promise<string | undefined> {
  for (const sha of ended)
    if ((await git(['merge-base', '--is-ancestor', sha, 'HEAD'], ports)) === undefined) return sha
  return undefined
}

interface Change {
  name: string
  /** by which git finds what the file holds by then; zeros where it is gone */
  text: string
}

/**
 * What differs from a commit, or differed in between: a run may have applied what was changed back since. Undefined where it is
 * too much, or git cannot tell, as where a checkout without trees does not reach its server.
 */
async function changesSince(base: string, ports: Ports): Promise<Change[] | undefined> {
  // A submodule is one that has changed, whatever .gitmodules says of it.
  const flags = ['--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none', '-z']
  const [now, between] = [
    await git(['diff', ...flags, base, 'HEAD'], ports),
    await git(['log', '-m', '--format=', ...flags, `${base}..HEAD`], ports),
  ]
  if (now === undefined || between === undefined) return undefined
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
  changed: readonly { name: string; folders: readonly string[] }[],
  checkout: Checkout,
): Promise<string | undefined> {
  const { path, 'var-files': varFiles, 'backend-config-files': backendFiles } = stack
  const places = new Set(await placesOf(path, [...varFiles, ...backendFiles], checkout))
  if (places.has('.')) {
    const [first] = changed
    return first && `${first.name} has changed, and what it reads may be anywhere in the repository`
  }
  // Of a submodule, and of a link that leads to a folder, git names these alone.
  const above = new Set([...places].flatMap(foldersOf))
  const found = changed.find(
    ({ name, folders }) => above.has(name) || places.has(name) || folders.some((one) => places.has(one)),
  )
  return found && `${found.name} has changed`
}

/** Those that a path lies in, from the root of the repository on. */
function foldersOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** @returns what git prints; undefined where it says no, or does not end. @throws Cancelled */
async function git(
  args: readonly string[],
  { process, context, signal }: Ports,
): Promise<string | undefined> {
  const { exitCode, stdout } = await process.run({
    command: ['git', ...args],
    cwd: context.workspace,
    env: { GIT_TERMINAL_PROMPT: '0' },
    jobEnvironment: (name) => /^(HOME|GIT_CONFIG_.*)$/.test(name),
    keep: MOST_OUTPUT,
    timeoutMs: GIT_MS,
    signal,
  })
  signal.throwIfAborted()
  return exitCode === 0 ? stdout : undefined
}
