import type { Dirent } from 'node:fs'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path/posix'
import { namedPaths, type Named } from './named-paths'

// Which places of the repository a stack is made of. All paths are from its root.

const EVERYTHING = ['.']

const CONFIGURATION = /\.(?:tf|tofu)(?:\.json)?$/
/** What a configuration may read paths from. */
const DATA =
  /\.(?:tfvars|tfbackend|hcl|json|ya?ml|toml|ini|env|properties|conf|cfg|xml|csv|tsv|txt|tftpl|tpl|tmpl)$/
const LARGEST_CONFIGURATION = 16 * 1024 * 1024
const LARGEST_DATA = 1024 * 1024
const LEFT_OUT: readonly string[] = ['.terraform', '.git']
/** As many as Linux follows. */
const MOST_LINKS = 40
/** By more names than these, one place is reached by links that go round in a circle. */
const MOST_NAMES = 40
/** What has more is told of as everything, before it costs more than a plan. */
const MOST_PLACES = 20_000

/** What of the repository is looked at, each once, however many stacks of regions it is of. */
export interface Checkout {
  workspace: string
  /** what a link says; undefined for all else */
  linkAt(path: string): Promise<string | undefined>
  /** undefined for what is no folder */
  entriesOf(folder: string): Promise<readonly Dirent[] | undefined>
  /** what a file says of paths that lead out of its folder */
  namedIn(file: string): Promise<Named | 'anywhere'>
  /** what the files of a place say of such */
  namedFrom(found: Found): Promise<FromPlace | 'anywhere'>
}

export function openCheckout(workspace: string): Checkout {
  const at = (path: string): string => join(workspace, path)
  const fromPlaces = once((key) => namedFrom(JSON.parse(key) as Found, checkout))
  const checkout: Checkout = {
    workspace,
    linkAt: once((path) => readlink(at(path)).catch(() => undefined)),
    entriesOf: once((folder) => readdir(at(folder), { withFileTypes: true }).catch(() => undefined)),
    namedIn: once((file) => namedInFile(file, at(file))),
    namedFrom: (found) => fromPlaces(JSON.stringify(found)),
  }
  return checkout
}

function once<T>(look: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (path) => {
    const found = known.get(path) ?? look(path)
    known.set(path, found)
    return found
  }
}

const NONE: Named = { paths: [], isBeginning: false, isHere: false, ends: [] }

async function namedInFile(name: string, path: string): Promise<Named | 'anywhere'> {
  const isConfiguration = CONFIGURATION.test(name)
  const file = await stat(path).catch(() => undefined)
  if (!file?.isFile()) return NONE
  if (file.size > (isConfiguration ? LARGEST_CONFIGURATION : LARGEST_DATA))
    return isConfiguration ? 'anywhere' : NONE
  const text = await readFile(path, 'utf8')
  // As git tells what is no text.
  return !isConfiguration && text.includes('\0') ? NONE : namedPaths(text, isConfiguration)
}

/**
 * A stack's folder and files of settings, whatever places outside these they name or link to, and theirs; links by their own
 * names, too, as git lists them.
 */
export async function placesOf(
  folder: string,
  files: readonly string[],
  checkout: Checkout,
): Promise<string[]> {
  const places = new Set<string>()
  const namesOf = new Map<string, Set<string>>()
  const ends = new Set<string>()
  let isBeginning = false
  const waiting = [folder, ...files]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const place = withoutSlash(join(path))
    const { links, end } = await follow(path, checkout)
    for (const one of [place, ...links]) places.add(one)
    if (end === undefined) continue
    if (end === '.') return EVERYTHING
    const names = namesOf.get(end) ?? new Set()
    if (names.has(place)) continue
    namesOf.set(end, names.add(place))
    places.add(end)
    const named = await checkout.namedFrom({ place, end, folder })
    if (named === 'anywhere' || names.size > MOST_NAMES) return EVERYTHING
    isBeginning ||= named.isBeginning
    for (const one of named.ends) ends.add(one)
    // One path put behind another goes up from where that leads.
    if (ends.size > (isBeginning ? 0 : 1)) return EVERYTHING
    if (places.size + named.paths.length > MOST_PLACES) return EVERYTHING
    for (const one of named.paths) waiting.push(one)
  }
  return [...places]
}

const withoutSlash = (path: string): string => path.replace(/(?<=.)\/$/, '')

/** Where a path leads: the links on its way, and what it comes to, unless that is outside of the repository. */
async function follow(path: string, checkout: Checkout): Promise<{ links: string[]; end?: string }> {
  const links: string[] = []
  const parts = path.split('/')
  let end = '.'
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const next = withoutSlash(join(end, part))
    if (isOutside(next)) return { links }
    const target = await checkout.linkAt(next)
    if (target === undefined) end = next
    else {
      if (links.length === MOST_LINKS) return { links }
      links.push(next)
      if (isAbsolute(target)) end = '.'
      parts.unshift(...(isAbsolute(target) ? relative(checkout.workspace, target) : target).split('/'))
    }
  }
  return { links, end }
}

const isOutside = (path: string): boolean => path === '..' || path.startsWith('../')

interface Found {
  /** as it is named */
  place: string
  /** what that comes to */
  end: string
  /** the stack's, in which the tool is run */
  folder: string
}

/** The same of all the files of a place; `isHere` is decided. */
type FromPlace = Omit<Named, 'isHere'>

/** What the files of a place name and link to. */
async function namedFrom({ place, end, folder }: Found, checkout: Checkout): Promise<FromPlace | 'anywhere'> {
  const paths = new Set<string>()
  const ends = new Set<string>()
  let isBeginning = false
  for await (const { path, isLink } of filesOf(end, checkout)) {
    if (isLink) paths.add(path)
    // What is named by itself is read whatever it is called, as a template is.
    if (isLink || !(path === end || CONFIGURATION.test(path) || DATA.test(path))) continue
    const named = await checkout.namedIn(path)
    if (named === 'anywhere' || paths.size > MOST_PLACES) return 'anywhere'
    isBeginning ||= named.isBeginning || (named.isHere && dirname(path) !== withoutSlash(join(folder)))
    for (const one of named.ends) ends.add(one)
    // A module is from the file that says so, and a file that is read from the folder in which the tool is run.
    const bases = new Set([dirname(path), dirname(join(place, relative(end, path))), folder])
    for (const base of bases)
      for (const one of named.paths) for (const target of leadingTo(one, base)) paths.add(target)
  }
  return { paths: [...paths], isBeginning, ends: [...ends] }
}

/** The files and links of a folder, hidden ones among them; of a file itself. */
async function* filesOf(path: string, checkout: Checkout): AsyncGenerator<{ path: string; isLink: boolean }> {
  const entries = await checkout.entriesOf(path)
  if (!entries) yield { path, isLink: false }
  for (const entry of entries ?? []) {
    const inner = join(path, entry.name)
    if (LEFT_OUT.includes(entry.name)) continue
    if (entry.isDirectory()) yield* filesOf(inner, checkout)
    else yield { path: inner, isLink: entry.isSymbolicLink() }
  }
}

/**
 * What a path may mean. It may be put behind a folder within its base, so each lesser way up is one, too; and what comes after
 * a link goes up from where that leads.
 */
function leadingTo(path: string, base: string): string[] {
  const parts = join(path).split('/')
  const ups = parts.filter((part) => part === '..').length
  const rest = parts.slice(ups)
  const depth = join(base).split('/').length
  const all = Array.from({ length: Math.min(ups, depth) }, (_, fewer) =>
    join(base, ...Array<string>(fewer + 1).fill('..'), ...rest),
  )
  return [...all.filter((one) => !isOutside(one)), `${base}/${path}`]
}
