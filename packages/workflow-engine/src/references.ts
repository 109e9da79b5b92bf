import { join } from 'node:path'

/** A repository at one commit, in a folder of this machine. */
export interface Source {
  /** `OWNER/NAME` */
  repository: string
  /** `refs/heads/main`, `refs/tags/v1` */
  ref: string
  sha: string
  directory: string
}

/** The two repositories a run is made of. */
export interface Sources {
  /** The one the run belongs to. */
  caller: Source
  /** The released suite; its ref is replaced by the one a caller names. */
  suite: Source
}

/** Where a reference leads. */
type Reference =
  | { kind: 'file'; source: Source; path: string; note?: string }
  /** `./dir`, an action in the job's own workspace. */
  | { kind: 'workspace'; path: string }
  /** Another repository's action: the rehearsal has at most a built-in for it. */
  | { kind: 'foreign'; name: string; ref: string }
  | { kind: 'invalid'; reason: string }

/**
 * Finds what `uses` means in a file of `from`.
 * @param exists whether a path is in a source; decides between the containing repository and the suite for `$/`
 */
export function resolveReference(
  uses: string,
  from: Source,
  { caller, suite }: Sources,
  exists: (source: Source, path: string) => boolean,
): Reference {
  if (uses.startsWith('docker://'))
    return {
      kind: 'invalid',
      reason: `'${uses}' is a container action, which the rehearsal does not support`,
    }
  if (uses.startsWith('$/')) return sameRepository(uses.slice(2), from, suite, exists)
  if (uses.startsWith('./.github/workflows/')) return { kind: 'file', source: from, path: uses.slice(2) }
  if (uses.startsWith('./')) return { kind: 'workspace', path: uses.slice(2) }

  const [, repository, path = '', ref] = /^([^/@]+\/[^/@]+)(?:\/([^@]+))?@(.+)$/.exec(uses) ?? []
  if (repository === undefined || ref === undefined)
    return { kind: 'invalid', reason: `Expected format {org}/{repo}[/path]@ref. Actual '${uses}'` }
  const same = (other: Source) => other.repository.toLowerCase() === repository.toLowerCase()
  if (same(suite)) return { kind: 'file', source: { ...suite, ref: fullRef(ref) }, path }
  if (same(caller)) return { kind: 'file', source: caller, path }
  return { kind: 'foreign', name: join(repository, path), ref }
}

/**
 * `$/` is the repository of the file it stands in. A caller's file that means the suite works here but not on GitHub,
 * unless the caller is the suite; so that is said.
 */
function sameRepository(
  path: string,
  from: Source,
  suite: Source,
  exists: (source: Source, path: string) => boolean,
): Reference {
  if (from.repository === suite.repository || exists(from, path)) return { kind: 'file', source: from, path }
  if (!exists(suite, path)) return { kind: 'file', source: from, path }
  const note = `'$/${path}' means ${from.repository} itself, which has no such file; the rehearsal took it from ${suite.repository}. On GitHub write '${suite.repository}/${path}@REF'`
  return { kind: 'file', source: suite, path, note }
}

function fullRef(ref: string): string {
  if (ref.startsWith('refs/') || /^[0-9a-f]{40}$/.test(ref)) return ref
  return /^v\d/.test(ref) ? `refs/tags/${ref}` : `refs/heads/${ref}`
}
