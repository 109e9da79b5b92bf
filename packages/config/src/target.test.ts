import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RunContext } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { bareTarget, configuredTarget, readRollout, releaseOf, scriptVariables } from './target'

const text = `version: 1
service: shop
regions:
  - { name: eu, environment: production-eu, vars: { probe-url: 'http://127.0.0.1:8405' } }
deploy:
  script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh }
traffic:
  canary:
    router: { type: haproxy, port: 9999, backend: app }
metrics:
  sources: { proxy: { type: scrape, pages: ['\${vars.probe-url}/metrics'] } }
  requests: { source: proxy, sum: ['r{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['e{arm="\${arm}"}'] }
evidence: { links: { run: 'https://example.com/\${commit}/\${run-id}/\${correlation-id}/\${version}/\${digest}/\${image}' } }
`
const digest = `sha256:${'a'.repeat(64)}`
const release = { version: '1.4.0', digest, image: 'ghcr.io/acme/shop' }

let workspace: string
let context: RunContext
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'target-'))
  await writeFile(join(workspace, 'rollout.yml'), text)
  context = createFakePorts({ context: { workspace, sha: 'abc', runId: 7, attempt: 2 } }).context
})
afterAll(() => rm(workspace, { recursive: true }))

describe('a target of a rollout.yml', () => {
  it('has its environment and a correlation id of the run', async () => {
    expect(await configuredTarget({ region: 'eu' }, context)).toMatchObject({
      service: 'shop',
      region: 'eu',
      environment: 'production-eu',
      correlationId: 'shop-7-2',
    })
    expect(
      await configuredTarget({ region: 'eu', environment: 'staging', 'correlation-id': 'c-1' }, context),
    ).toMatchObject({ environment: 'staging', correlationId: 'c-1' })
  })

  it('fills its config for an arm', async () => {
    const config = await (
      await configuredTarget({ region: 'eu', ...release }, context)
    ).config({ arm: 'green' })
    expect(config.evidence.links['run']).toBe(
      `https://example.com/abc/7/shop-7-2/1.4.0/${digest}/ghcr.io/acme/shop`,
    )
    expect(config.metrics.requests['sum']).toEqual(['r{arm="green"}'])
  })

  it('resolves its config once per arm', async () => {
    const target = await configuredTarget({ region: 'eu', ...release }, context)
    const green = await target.config({ arm: 'green' })
    expect(await target.config({ arm: 'green', secrets: new Map() })).toBe(green)
    const blue = await target.config()
    expect(blue).not.toBe(green)
    // Until it is known which is which, the first arm stands for both.
    expect(await target.config({ arm: 'blue' })).toBe(blue)
  })

  it('does not fill what the inputs do not say', async () => {
    const target = await configuredTarget({ region: 'eu' }, context)
    await expect(target.config()).rejects.toThrow('${version} has no value here')
    await expect(target.config({ secrets: new Map() })).rejects.toThrow('${image} has no value here')
  })

  it('gives scripts everything as DEPLOY_*, and nothing that is not there', async () => {
    const target = await configuredTarget({ region: 'eu' }, context)
    const always = {
      DEPLOY_SERVICE: 'shop',
      DEPLOY_REGION: 'eu',
      DEPLOY_ENVIRONMENT: 'production-eu',
      DEPLOY_CORRELATION_ID: 'shop-7-2',
      DEPLOY_COMMIT: 'abc',
      DEPLOY_RUN_ID: '7',
      DEPLOY_VARS_PROBE_URL: 'http://127.0.0.1:8405',
    }
    expect(scriptVariables(target, {}, context)).toEqual(always)
    expect(
      scriptVariables(target, release, context, { arm: 'green', baseline: 'blue', canary: 'green' }),
    ).toEqual({
      ...always,
      DEPLOY_VERSION: '1.4.0',
      DEPLOY_DIGEST: digest,
      DEPLOY_IMAGE: 'ghcr.io/acme/shop',
      DEPLOY_ARM: 'green',
      DEPLOY_BASELINE_ARM: 'blue',
      DEPLOY_CANARY_ARM: 'green',
    })
  })

  it('must be named, and known', async () => {
    await expect(configuredTarget({}, context)).rejects.toThrow(
      'input `region`: is missing; known in rollout.yml: eu',
    )
    await expect(configuredTarget({ region: 'us' }, context)).rejects.toThrow(
      'no region is named us; known: eu.',
    )
  })

  it('needs its file', async () => {
    await expect(readRollout('deploy/other.yml', { workspace })).rejects.toThrow(
      /^deploy\/other\.yml: cannot be read \(.*ENOENT.*check out the repository first, or name another file$/,
    )
  })
})

describe('a target without a rollout.yml', () => {
  it('is what the inputs say; its region is its environment', () => {
    expect(bareTarget({ service: 'shop', environment: 'production' }, context)).toMatchObject({
      service: 'shop',
      environment: 'production',
      region: 'production',
      correlationId: 'shop-7-2',
    })
    expect(bareTarget({ service: 'shop', environment: 'production', region: 'eu' }, context).region).toBe(
      'eu',
    )
  })

  it('names every input that is missing', () => {
    expect(() => bareTarget({}, context)).toThrow(
      /input `service`: is missing.*\ninput `environment`: is missing/,
    )
    expect(() => bareTarget({ service: 'shop' }, context)).toThrow(/^input `environment`/)
  })
})

it('needs a version and a digest for a release', () => {
  expect(releaseOf(release)).toEqual({ version: '1.4.0', digest })
  expect(() => releaseOf({})).toThrow(/input `version`: is missing.*\ninput `digest`: is missing/)
  expect(() => releaseOf({ version: '1.4.0' })).toThrow(/^input `digest`/)
})
