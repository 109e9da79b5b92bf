import { describe, expect, it } from '@jest/globals'
import type { Manifest } from './manifest'
import { mismatchesOf } from './manifest'
import { fingerprintKey, openPlan, sealPlan, Tampered } from './sealed-plan'

const KEY = 'fedcba9876543210fedcba9876543210'
const sha = `sha256:${'a'.repeat(64)}`
const about: Manifest = {
  ...{ v: 1, repository: 'acme/shop', runId: 42, runAttempt: 1, sha: 'c0ffee', ref: 'refs/heads/main' },
  ...{
    workflowRef: 'w',
    actor: 'ann',
    environment: 'prod-eu',
    region: 'eu',
    path: 'infra',
    workspace: 'default',
  },
  ...{
    tool: 'terraform',
    toolVersion: '1.11.4',
    backendSettings: 'b',
    backend: { type: 's3', fingerprint: 'f' },
  },
  ...{ lockFile: null, varFiles: [], planning: { targets: [], replaces: [], destroy: false } },
  ...{ configuration: sha, planSha256: sha, planDigest: sha, state: { lineage: '', serial: 0 } },
  counts: { add: 1, change: 0, destroy: 0, replace: 0, import: 0, move: 0, forget: 0 },
  ...{ createdAt: '2026-12-01T10:00:00.000Z', expiresAt: '2026-12-02T10:00:00.000Z' },
}
const plan = Buffer.from('the plan, with swordfish in clear')

describe('a sealed plan', () => {
  it('is opened by its key, and holds nothing in clear', async () => {
    const { sealed, manifest } = await sealPlan(plan, about, KEY)
    expect((await openPlan(sealed, manifest, KEY)).plan).toEqual(plan)
    expect((await openPlan(sealed, manifest, KEY)).about).toEqual(about)
    expect(sealed.includes('swordfish')).toBe(false)
  })

  it('is another one each time', async () => {
    const [one, two] = await Promise.all([sealPlan(plan, about, KEY), sealPlan(plan, about, KEY)])
    expect(one.sealed.equals(two.sealed)).toBe(false)
  })

  it('A7 28 and 29: is refused where any part of it was touched', async () => {
    const { sealed, manifest } = await sealPlan(plan, about, KEY)
    // A bit of the magic, of the salt, of the nonce, of the text and of the tag.
    for (const at of [0, 25, 40, 55, sealed.length - 1]) {
      const touched = Buffer.from(sealed)
      touched.writeUInt8((touched[at] ?? 0) ^ 1, at)
      await expect(openPlan(touched, manifest, KEY)).rejects.toBeInstanceOf(Tampered)
    }
    for (const cut of [0, 10, 60, sealed.length - 1])
      await expect(openPlan(sealed.subarray(0, cut), manifest, KEY)).rejects.toBeInstanceOf(Tampered)
    await expect(openPlan(sealed, manifest.replace('"eu"', '"us"'), KEY)).rejects.toBeInstanceOf(Tampered)
    await expect(openPlan(sealed, manifest, `${KEY}x`)).rejects.toBeInstanceOf(Tampered)
    const other = await sealPlan(plan, { ...about, region: 'us' }, KEY)
    await expect(openPlan(sealed, other.manifest, KEY)).rejects.toBeInstanceOf(Tampered)
  })
})

it('A7 26, 27 and 33: says all at once for what else a plan was made, and shows no fingerprint whole', () => {
  const fingerprint = '0123456789abcdef'
  expect(
    mismatchesOf(about, { region: 'us', toolVersion: '1.12.0', backend: { type: 's3', fingerprint } }),
  ).toEqual([
    'region: planned for eu, and here it is us',
    'version of the tool: planned for 1.11.4, and here it is 1.12.0',
    'backend: planned for s3 f, and here it is s3 0123456789ab',
  ])
  expect(mismatchesOf(about, { region: 'eu', lockFile: null })).toEqual([])
  // What is not said here is another one, too.
  expect(
    mismatchesOf({ ...about, environment: '' }, { region: '', environment: 'prod-us', workspace: 'blue' }),
  ).toEqual([
    'environment: planned for none, and here it is prod-us',
    'region: planned for eu, and here it is none',
    'workspace: planned for default, and here it is blue',
  ])
})

it('derives a key for fingerprints that is that of the repository, and of the secret', async () => {
  const [one, same, other, repository] = await Promise.all([
    fingerprintKey(KEY, 'acme/shop'),
    fingerprintKey(KEY, 'acme/shop'),
    fingerprintKey(`${KEY}x`, 'acme/shop'),
    fingerprintKey(KEY, 'acme/web'),
  ])
  expect(one).toEqual(same)
  expect([other, repository]).not.toContainEqual(one)
})
