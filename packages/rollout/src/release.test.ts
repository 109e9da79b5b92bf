import { describe, expect, it } from '@jest/globals'
import { release } from './release'

describe('a release', () => {
  it('has an immutable digest', () => {
    expect(release.safeParse({ version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` }).success).toBe(true)
    for (const digest of ['latest', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`])
      expect(release.safeParse({ version: '1.0.0', digest }).error?.issues[0]?.message).toBe(
        'a digest is sha256: and 64 hexadecimal digits',
      )
  })
})
