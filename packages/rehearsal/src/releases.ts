import { createHash } from 'node:crypto'
import type { Release } from '@deploy-actions/rollout'

/** What runs before the first rehearsal: two releases, the older one idle. */
export const FIRST_RELEASES = {
  serving: { version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` },
  idle: { version: '0.9.0', digest: `sha256:${'9'.repeat(64)}` },
}

/** The release that comes next. */
export const nextRelease = ({ version, digest }: Release): Release => ({
  version: `${version}-next`,
  digest: `sha256:${createHash('sha256').update(digest).digest('hex')}`,
})

/** Digest -> version, of all that can run in a rehearsal of a release. */
export const versionsOf = (release: Release): ReadonlyMap<string, string> =>
  new Map(
    [FIRST_RELEASES.serving, FIRST_RELEASES.idle, release, nextRelease(release)].map(
      ({ version, digest }) => [digest, version],
    ),
  )
