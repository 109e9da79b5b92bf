import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { InputError } from '@deploy-actions/action-kit'
import { missingHooks } from './hooks'
import { rolloutWithHooks } from './hooks.fixture'
import { parseRollout, resolveRegion, type RegionConfig } from './load'

const load = async (hooks: string, vars?: string): Promise<RegionConfig> =>
  resolveRegion(await parseRollout(rolloutWithHooks(hooks, vars), 'rollout.yml'), 'eu', {
    variables: { version: '1.4.0', arm: 'green' },
    secrets: new Map(),
  })

const problems = (hooks: string): Promise<string[]> =>
  load(hooks).then(
    () => [],
    (error: unknown) => (error as InputError).problems.map(({ where, message }) => `${where}: ${message}`),
  )

describe('hooks of rollout.yml', () => {
  it('are a line, or a map with what the script may have', async () => {
    const { hooks } = await load(`  before-stage: ops/load.sh --fast
  finished: { run: ops/tag.sh, timeout: 30s, oidc: true }`)
    const none = { 'env-secrets': [], oidc: false }
    expect(hooks).toEqual({
      'before-stage': { run: { path: 'ops/load.sh', args: ['--fast'] }, timeout: 600_000, ...none },
      finished: { run: { path: 'ops/tag.sh', args: [] }, timeout: 30_000, ...none, oidc: true },
    })
  })

  it('take a variable as a part of one argument, whatever is in it', async () => {
    const { hooks } = await load(
      `  before-stage: ops/load.sh --note=\${vars.note} \${arm}
  finished: { run: 'ops/tag.sh \${vars.note}' }`,
      `{ note: 'two words; rm -rf /' }`,
    )
    expect(hooks['before-stage']?.run.args).toEqual(['--note=two words; rm -rf /', 'green'])
    expect(hooks.finished?.run.args).toEqual(['two words; rm -rf /'])
  })

  it.each([
    [
      '  before-stage: ops/a.sh | tee',
      'rollout.yml:11:17: hooks.before-stage: "ops/a.sh | tee" is not run by a shell: write a path and plain arguments; variables reach the script as DEPLOY_*',
    ],
    [
      '  finished: { run: ../tag.sh }',
      'rollout.yml:11:20: hooks.finished.run: "../tag.sh" lies outside the repository',
    ],
    [
      '  finished: { run: ops/tag.sh, timeot: 5m }',
      'rollout.yml:11:32: hooks.finished.timeot: unknown key; known here: run, timeout, env-secrets, oidc. Did you mean timeout?',
    ],
    [
      '  finished: { run: ops/tag.sh, timeout: 0s }',
      'rollout.yml:11:41: hooks.finished.timeout: must be longer than 0s',
    ],
    [
      '  finished: { timeout: 5m }',
      'rollout.yml:11:13: hooks.finished.run: is missing (a script of the repository and fixed arguments, such as ops/deploy.sh --fast)',
    ],
    [
      '  befor-stage: ops/a.sh',
      'rollout.yml:11:3: hooks.befor-stage: unknown key; known here: schema-compatibility, before-stage, during-stage, after-stage, finished, decommission. Did you mean before-stage?',
    ],
    [
      '  finished: { run: ops/tag.sh, env-secrets: [TAG] }',
      'rollout.yml:11:46: env-secrets: the secret TAG was not handed over; add TAG=... to the secrets input (DEPLOY_SECRETS)',
    ],
    [
      "  schema-compatibility: 'ops/schema.sh ${arm}'",
      'rollout.yml:11:25: hooks.schema-compatibility: uses ${arm}, which does not exist before the transaction begins',
    ],
  ])('say what is wrong with %s', async (hooks, message) => {
    expect(await problems(hooks)).toEqual([message])
  })

  it('are missed before anything begins where their script is not in the repository, or cannot be run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hooks-'))
    await mkdir(join(folder, 'ops'))
    await writeFile(join(folder, 'ops/there.sh'), '')
    await writeFile(join(folder, 'ops/plain.sh'), '')
    await chmod(join(folder, 'ops/there.sh'), 0o755)
    const { hooks } = await load(`  before-stage: ops/there.sh
  after-stage: ops/plain.sh
  finished: ops/none.sh`)
    expect((await missingHooks(hooks, folder)).map(({ where, message }) => `${where}: ${message}`)).toEqual([
      'hooks.after-stage: ops/plain.sh is not in the repository or not executable (chmod +x, git add --chmod=+x)',
      'hooks.finished: ops/none.sh is not in the repository or not executable (chmod +x, git add --chmod=+x)',
    ])
  })
})
