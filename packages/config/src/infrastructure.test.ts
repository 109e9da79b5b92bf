import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { InputError } from '@deploy-actions/action-kit'
import { rolloutWithHooks } from './hooks.fixture'
import { infrastructureInWords, infrastructureOf, missingInfrastructure } from './infrastructure'
import { findRegion, parseRollout, resolveRegion } from './load'

const LINES = `  path: infra
  backend-config: { key: 'tfstate/\${environment}/\${region}/infra.tfstate' }
  var-files: ['infra/\${vars.tier}.tfvars']
  policy: { max-destroy: 0 }
  plan-key-secret: PLAN_KEY
`
const STACKS = `  plan-key-secret: PLAN_KEY
  backend-config: { bucket: states }
  policy: { max-destroy: 0, protected: [a.b] }
  stacks:
    app: { path: infra/app, needs: [network, data], backend-config: { key: '\${region}/app' }, timeout: 2h }
    data: { path: infra/data, needs: [network], backend-config: { key: '\${region}/data' }, policy: { max-replace: 1, protected: [c.d] } }
    network: { path: infra/network, backend-config: { key: '\${region}/network' } }
`
const file = (lines: string, more = '') =>
  parseRollout(
    `${rolloutWithHooks('  finished: ops/x.sh', '{ tier: prod }')}infrastructure:\n${lines}${more}`,
    'rollout.yml',
  )
const read = async (lines: string, more?: string) => {
  const parsed = await file(lines, more)
  return infrastructureOf(parsed, findRegion(parsed, 'eu'), { sha: 'a'.repeat(40) })
}
const told = (error: unknown): string[] =>
  (error as InputError).problems.map(({ where, message }) => `${where}: ${message}`)
const problems = (lines: string): Promise<string[]> => read(lines).then(() => [], told)
const whole = async (lines: string): Promise<string[]> =>
  resolveRegion(await file(lines), 'eu', { variables: { version: '1.4.0' } }).then(() => [], told)

describe('the infrastructure of a region', () => {
  it('has its own state and variables, and the defaults of the rest', async () => {
    expect(await read(LINES)).toEqual([
      {
        ...{ name: '', needs: [], outputs: {} },
        path: 'infra',
        tool: 'terraform',
        workspace: 'default',
        'backend-config': { key: 'tfstate/production-eu/eu/infra.tfstate' },
        'backend-config-files': [],
        'var-files': ['infra/prod.tfvars'],
        policy: { 'max-destroy': 0, protected: [], 'fail-on-check': false, 'fail-on-drift': false },
        'plan-key-secret': 'PLAN_KEY',
        'plan-max-age': 86_400_000,
        'tool-secrets': [],
        oidc: false,
        verify: 'replan',
        'lock-timeout': 300_000,
        timeout: 3_600_000,
      },
    ])
  })

  it('is of the same folder with a slash at its end', async () => {
    const slashes = LINES.replace('path: infra\n', 'path: infra//\n')
    expect(slashes).not.toBe(LINES)
    expect(await read(slashes)).toEqual(await read(LINES))
  })

  it('is read where nothing else of the file is right', async () => {
    await expect(read(LINES, 'check: {}\n')).resolves.toMatchObject([{ path: 'infra' }])
  })

  it('tells all that is wrong with it, with its place', async () => {
    const wrong = `  path: ../infra
  tool: pulumi
  version: '1.15'
  backend-config: { key: a, access_key: '\${vars.tier}' }
  var-files: [/etc/passwd, '\${vars.teir}.tfvars']
  policy: { max-destroy: -1, protect: [] }
  plan-key-secret: openssl rand
`
    expect(await problems(wrong)).toEqual([
      expect.stringMatching(
        /^rollout\.yml:\d+:28: \$\{vars\.teir\} is not a variable; .*Did you mean vars\.tier\?/,
      ),
      expect.stringMatching(/:9: infrastructure\.path: is not a path inside the repository$/),
      expect.stringMatching(/:9: infrastructure\.tool: Invalid option: expected one of "terraform"\|"tofu"$/),
      expect.stringMatching(/:12: infrastructure\.version: is not an exact version such as 1\.15\.7$/),
      expect.stringMatching(
        /:41: infrastructure\.backend-config\.access_key: is a credential, which would be kept/,
      ),
      expect.stringMatching(/:15: infrastructure\.var-files\[0\]: is not a path inside the repository$/),
      expect.stringMatching(/:26: infrastructure\.policy\.max-destroy: /),
      expect.stringMatching(/:30: infrastructure\.policy\.protect: unknown key; .*Did you mean protected\?/),
      expect.stringMatching(/:20: infrastructure\.plan-key-secret: is not the name of a secret$/),
    ])
  })

  it('takes no number of a backend for what it may not be, such as an account with a zero before it', async () =>
    expect(
      await problems(LINES.replace('backend-config: {', 'backend-config: { account: 0123456789,')),
    ).toEqual([
      expect.stringMatching(
        /backend-config\.account: is not a text: put numbers, true and false into quotes$/,
      ),
    ]))

  it('is as docs/terraform.md shows it', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/terraform.md'), 'utf8')
    const [lines = '', told = '', stacks = ''] = [
      ...page.matchAll(/```yaml\ninfrastructure:\n([^]*?)```/g),
    ].map(([, text = '']) => text)
    expect(await read(stacks)).toMatchObject([
      { name: 'network', 'backend-config': { bucket: 'tfstate-prod', key: 'network/eu.tfstate' } },
      { name: 'app', needs: ['network'], 'var-files': ['infrastructure/eu.tfvars'] },
    ])
    expect(await read(told.split('traffic:')[0] ?? '')).toMatchObject([
      { outputs: { proxy_host: '10.1.0.5', queue_url: 'https://queue.example.com/orders' } },
    ])
    expect(await read(lines)).toMatchObject([
      {
        'backend-config': { key: 'tfstate/prod/eu/infra.tfstate' },
        'var-files': ['infrastructure/prod-global.tfvars', 'infrastructure/prod-eu.tfvars'],
      },
    ])
  })

  it('has a script that judges its plans, each variable one argument of it', async () => {
    const [own] = await read(
      LINES.replace('max-destroy: 0', "max-destroy: 0, script: 'ops/policy.sh ${vars.tier} ${region}'"),
    )
    expect(own?.policy.script).toEqual({ path: 'ops/policy.sh', args: ['prod', 'eu'] })
    expect(await whole(LINES.replace('max-destroy: 0', "script: 'ops/policy.sh ${region}'"))).toEqual([])
    expect(await problems(LINES.replace('max-destroy: 0', "script: 'a && b'"))).toEqual([
      expect.stringMatching(/infrastructure\.policy\.script: "a && b" is not run by a shell/),
    ])
    const workspace = await mkdtemp(join(tmpdir(), 'infrastructure-'))
    expect(await missingInfrastructure(own ? [own] : [], workspace)).toContainEqual({
      where: 'infrastructure.policy.script',
      message: expect.stringMatching(/^ops\/policy\.sh is not in the repository or not executable/),
    })
  })

  it('of several stacks has each after those that it needs, with what all share', async () => {
    const stacks = await read(STACKS)
    expect(stacks.map(({ name, needs, path }) => [name, needs, path])).toEqual([
      ['network', [], 'infra/network'],
      ['data', ['network'], 'infra/data'],
      ['app', ['network', 'data'], 'infra/app'],
    ])
    expect(stacks).toMatchObject([
      {
        'backend-config': { bucket: 'states', key: 'eu/network' },
        policy: { 'max-destroy': 0 },
        timeout: 3_600_000,
      },
      {
        'backend-config': { bucket: 'states', key: 'eu/data' },
        policy: { 'max-destroy': 0, 'max-replace': 1, protected: ['a.b', 'c.d'] },
      },
      { 'backend-config': { bucket: 'states', key: 'eu/app' }, timeout: 7_200_000, tool: 'terraform' },
    ])
    expect(await whole(STACKS)).toEqual([])
  })

  it.each<[string, string, RegExp]>([
    [
      'stacks:',
      'path: infra\n  stacks:',
      /:3: infrastructure: has either path, for one configuration, or stacks/,
    ],
    [
      '[network, data]',
      '[netwrk]',
      /infrastructure\.stacks\.app\.needs: no stack is named netwrk; known: app, data, network$/,
    ],
    [
      'infra/network,',
      'infra/network, needs: [app],',
      /infrastructure\.stacks: need each other in a circle: app -> network -> app$/,
    ],
    [
      'infra/network,',
      'infra/network, needs: [network],',
      /need each other in a circle: network -> network$/,
    ],
    [
      "'${region}/data'",
      "'${region}/app'",
      /stacks\.data: has the state of app, so each would destroy what is of the other/,
    ],
    [
      "'${region}/data'",
      "'${region}/app', encrypt: 'true', retry_max: '2'",
      /stacks\.data: has the state of app, so each would destroy what is of the other/,
    ],
    ['    app:', '    __proto__:', /:\d+:5: __proto__ is no name for anything: it would be left out$/],
    ['    app:', '    App:', /stacks\.App: is not a name of a stack: lower-case letters, digits and -$/],
    ['timeout: 2h', 'timeout: long', /stacks\.app\.timeout: /],
    ['timeout: 2h', 'time: 2h', /stacks\.app\.time: unknown key/],
  ])('of several stacks is refused with %s as %s', async (right, wrong, problem) => {
    expect(await problems(STACKS.replace(right, wrong))).toEqual([expect.stringMatching(problem)])
  })

  it('is told with a rollout, which leaves stacks alone', async () => {
    expect(infrastructureInWords(await read(LINES))).toBe(
      'its infrastructure (infra) planned by terraform before the approval, applied after it, and never put back',
    )
    expect(infrastructureInWords(await read(STACKS))).toBe(
      'its stacks network, data, app left as they are: infrastructure.yml brings them',
    )
    expect(infrastructureInWords(undefined)).toBeUndefined()
  })

  it('of no stack is none', async () => {
    expect(await problems('  plan-key-secret: PLAN_KEY\n  stacks: {}\n')).toEqual([
      expect.stringMatching(/infrastructure\.stacks: names no stack$/),
    ])
    expect(await problems('  plan-key-secret: PLAN_KEY\n')).toEqual([
      expect.stringMatching(/infrastructure: has either path/),
    ])
  })

  it('is missing where a file has none', async () => {
    const parsed = await parseRollout(rolloutWithHooks(''), 'rollout.yml')
    expect(() => infrastructureOf(parsed, findRegion(parsed, 'eu'), { sha: '' })).toThrow(
      /rollout\.yml:1:1: infrastructure: is missing/,
    )
  })

  it('is of no release', async () => {
    const named = LINES.replace('path: infra', "path: 'infra/\${version}'")
    expect(await problems(named)).toEqual([expect.stringMatching(/\$\{version\} has no value here$/)])
    expect(await whole(named)).toEqual([
      expect.stringMatching(
        /infrastructure\.path: uses \$\{version\}, and the infrastructure of a region is of no release$/,
      ),
    ])
    expect(await whole(LINES)).toEqual([])
  })

  it.each([
    ['backend-config: { key: one }', true],
    ["backend-config: { key: '$${region}' }", true],
    ["backend-config: { key: '${region}' }", false],
    ["backend-config-files: ['infra/${vars.tier}.tfbackend']", false],
    ["workspace: '${region}'", false],
    ["backend-config: { key: '${vars.same}' }", true],
    // All regions of a run are handed the same secrets.
    ['tool-secrets: [PG_CONN_STR]', true],
    // How it is locked, and by whom it is read, says nothing of where it is.
    ["backend-config: { key: one, dynamodb_table: 'locks-${region}' }", true],
    ["backend-config: { key: one, role_arn: 'arn:${region}', profile: '${vars.tier}' }", true],
    ["backend-config: { key: one, bucket: 'state-${region}' }", false],
  ])('of several regions has a state for each: %s', async (line, isOne) => {
    const text = `${rolloutWithHooks('  finished: ops/x.sh', '{ tier: prod, same: x }')}infrastructure:\n  path: infra\n  ${line}\n  plan-key-secret: PLAN_KEY\n`
    const several = text.replace(
      'regions: [',
      'regions: [{ name: us, environment: us, vars: { tier: dev, same: x } }, ',
    )
    const told = await resolveRegion(await parseRollout(several, 'rollout.yml'), 'eu', {
      variables: { version: '1.4.0' },
    }).then(
      () => [],
      (error: unknown) => (error as InputError).problems.map(({ message }) => message),
    )
    expect(told).toEqual(
      isOne
        ? [
            expect.stringMatching(
              /^infrastructure: has one state for us and eu, so the plan of each would undo .* or into path or workspace$/,
            ),
          ]
        : [],
    )
  })

  it('of several regions has a state for each, also of each stack', async () => {
    const text = `${rolloutWithHooks('  finished: ops/x.sh', '{ tier: prod }')}infrastructure:\n${STACKS.replace("'${region}/data'", 'all/data')}`
    const several = text.replace(
      'regions: [',
      'regions: [{ name: us, environment: us, vars: { tier: dev } }, ',
    )
    await expect(
      resolveRegion(await parseRollout(several, 'rollout.yml'), 'eu', { variables: { version: '1.4.0' } }),
    ).rejects.toThrow(/: infrastructure\.stacks\.data: has one state for us and eu/)
  })

  it('is missed before anything begins where its files are not in the repository', async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'infrastructure-'))
    await mkdir(join(workspace, 'infra'))
    await writeFile(join(workspace, 'infra/prod.tfvars'), '')
    const there = await read(LINES)
    expect(await missingInfrastructure(there, workspace)).toEqual([])
    const elsewhere = there.map((one) => ({
      ...one,
      path: 'infrastructure',
      'backend-config-files': ['infra/eu.tfbackend'],
    }))
    expect(await missingInfrastructure(elsewhere, workspace)).toEqual([
      { where: 'infrastructure.path', message: 'infrastructure is not in the repository' },
      {
        where: 'infrastructure.backend-config-files',
        message: 'infra/eu.tfbackend is not in the repository',
      },
    ])
  })
})
