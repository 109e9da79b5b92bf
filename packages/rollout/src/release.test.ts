import { describe, expect, it } from '@jest/globals'
import { release, runRef } from './release'

describe('a release', () => {
  it('has an immutable digest', () => {
    expect(release.safeParse({ version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` }).success).toBe(true)
    for (const digest of ['latest', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`])
      expect(release.safeParse({ version: '1.0.0', digest }).error?.issues[0]?.message).toBe(
        'a digest is sha256: and 64 hexadecimal digits',
      )
  })

  it('has a version', () => {
    expect(release.safeParse({ version: '', digest: `sha256:${'a'.repeat(64)}` }).success).toBe(false)
  })
})

it('is known of a run which attempt it is, whose, and of which workflow', () => {
  const run = {
    id: 7,
    attempt: 2,
    workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
    actor: 'ann',
  }
  expect(runRef.parse(run)).toEqual(run)
  for (const field of Object.keys(run))
    expect(runRef.safeParse({ ...run, [field]: null }).success).toBe(false)
})
