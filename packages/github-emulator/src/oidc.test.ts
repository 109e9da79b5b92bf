import { afterEach, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Permissions } from '@deploy-actions/workflow-engine'
import { testGitHub, type TestGitHub } from './emulator.fixture'
import type { GitHubOptions } from './github-options'

let world: TestGitHub
afterEach(() => world.close())

async function environment(
  permissions: Permissions,
  options: Partial<GitHubOptions> = {},
  name: string | null = 'production-eu-west',
) {
  world = await testGitHub(options)
  const { job, run } = world.begin(permissions)
  job.environment = name
  return { job, env: world.github.environmentFor(job, run) }
}

/** As @actions/core asks: the audience is appended to the address. */
async function ask(
  env: Record<string, string>,
): Promise<{ status: number; value: string; claims: Record<string, unknown> }> {
  const response = await fetch(
    `${env['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=${encodeURIComponent('api://AzureADTokenExchange')}`,
    {
      headers: { authorization: `Bearer ${env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}` },
    },
  )
  const { value = '' } = (await response.json()) as { value?: string }
  const payload = Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()
  return {
    status: response.status,
    value,
    claims: payload === '' ? {} : (JSON.parse(payload) as Record<string, unknown>),
  }
}

describe('identity tokens', () => {
  it('say who asks, in the shared clock', async () => {
    const { env } = await environment({ 'id-token': 'write' })
    const now = Date.parse('2026-11-20T10:00:00Z') / 1000
    expect(await ask(env)).toMatchObject({
      status: 200,
      claims: {
        sub: 'repo:acme/shop:environment:production-eu-west',
        aud: 'api://AzureADTokenExchange',
        environment: 'production-eu-west',
        repository: 'acme/shop',
        run_id: '1001',
        run_attempt: '1',
        ref: 'refs/heads/main',
        job_workflow_ref: 'acme/deploy-actions/.github/workflows/region.yml@refs/tags/v1',
        iat: now,
        nbf: now - 600,
        exp: now + 300,
      },
    })
  })

  it('have the immutable subject where the repository has', async () => {
    const { env } = await environment(
      { 'id-token': 'write' },
      { oidcSubject: 'ids', repositoryId: 7, ownerId: 9 },
    )
    expect((await ask(env)).claims['sub']).toBe('repo:acme@9/shop@7:environment:production-eu-west')
  })

  it('name the branch where there is no environment', async () => {
    const { env } = await environment({ 'id-token': 'write' }, {}, null)
    const { claims } = await ask(env)
    expect(claims['sub']).toBe('repo:acme/shop:ref:refs/heads/main')
    expect(claims).not.toHaveProperty('environment')
  })

  it('can be checked by what their issuer publishes', async () => {
    const { env } = await environment({ 'id-token': 'write' }, { now: () => new Date() })
    const issuer = `${world.github.url}/_services/token`
    const read = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>
    const { issuer: named, jwks_uri: keys } = await read(`${issuer}/.well-known/openid-configuration`)
    const token = await ask(env)

    expect(named).toBe(issuer)
    const check = { issuer, audience: 'api://AzureADTokenExchange', algorithms: ['RS256'] }
    const { payload } = await jwtVerify(token.value, createRemoteJWKSet(new URL(String(keys))), check)
    expect(payload.sub).toBe('repo:acme/shop:environment:production-eu-west')
    await expect(
      jwtVerify(token.value, createRemoteJWKSet(new URL(String(keys))), { ...check, audience: 'another' }),
    ).rejects.toThrow('aud')
  })

  it('are signed by each emulator with a key of its own', async () => {
    const first = await environment({ 'id-token': 'write' }, { now: () => new Date() })
    const { value } = await ask(first.env)
    await world.close()
    await environment({ 'id-token': 'write' })
    const keys = createRemoteJWKSet(new URL(`${world.github.url}/_services/token/.well-known/jwks`))
    await expect(jwtVerify(value, keys)).rejects.toThrow('no applicable key found')
  })

  it('are only for jobs that may, while they run', async () => {
    const { env } = await environment({ contents: 'read' })
    expect(env).not.toHaveProperty('ACTIONS_ID_TOKEN_REQUEST_URL')
    await world.close()
    const allowed = await environment({ 'id-token': 'write' })
    allowed.job.status = 'completed'
    expect((await ask(allowed.env)).status).toBe(401)
  })
})
