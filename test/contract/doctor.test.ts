import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Permissions } from '@deploy-actions/workflow-engine'
import { doctor } from '../../packages/cli/src/doctor/doctor'
import type { DoctorReport } from '../../packages/cli/src/doctor/report'
import { doctorText } from '../../packages/cli/src/doctor/text'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { accessTo, contentOf, folderOf, onlyLooked, seeing } from './looking.fixture'

// What `deploy-actions doctor` says of repositories in which something is wrong, and that it changes nothing.

type Settings = NonNullable<Parameters<typeof testGitHub>[0]>
type Environment = NonNullable<Settings['environments']>[number]

const named = { protected_branches: false, custom_branch_policies: true }
const branches = [{ name: 'main', type: 'branch' as const }]
const target = (name: string): Environment => ({
  ...{ name, reviewers: ['ann'], waitTimer: 5, canAdminsBypass: false },
  ...{ branchPolicy: named, branches },
})
const guard = (name: string): Environment => ({ name, canAdminsBypass: false, branchPolicy: named, branches })
const DEPLOY = '.github/workflows/deploy.yml'
const EMERGENCY = '.github/workflows/emergency-rollback.yml'
const SWEEPER = '.github/workflows/sweeper.yml'

/** A repository in which all is well. */
interface Repository {
  files: Record<string, string>
  environments: Environment[]
  settings: NonNullable<Settings['settings']>
  protectedBranches: string[]
}
async function healthy(): Promise<Repository> {
  const caller = async (name: string): Promise<string> =>
    (await readFile(`workflows-templates/callers/${name}.yml`, 'utf8')).replaceAll('OWNER/', 'acme/')
  return {
    files: {
      'rollout.yml': config,
      [DEPLOY]: await caller('deploy'),
      [EMERGENCY]: await caller('emergency-rollback'),
      [SWEEPER]: await caller('sweeper'),
      ...Object.fromEntries(
        ['deploy', 'snapshot', 'restore'].map((name) => [`ops/${name}.sh`, '#!/bin/sh\n']),
      ),
    },
    environments: [
      target('production-eu'),
      guard('production-eu-guard'),
      target('production-us'),
      guard('production-us-guard'),
    ],
    settings: {
      secrets: ['DEPLOY_SECRETS'],
      workflows: [{ path: DEPLOY }, { path: EMERGENCY }, { path: SWEEPER }],
    },
    protectedBranches: [],
  }
}
const config = `
version: 1
service: shop
regions:
  - { name: eu, environment: production-eu }
  - { name: us, environment: production-us }
deploy: { script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh, env-secrets: [REGISTRY_TOKEN] } }
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: 9999, backend: app } } }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:9/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{server="\${arm}"}'] }
  errors: { source: proxy, sum: ['errors_total{server="\${arm}"}'] }
`

const opened: (() => Promise<unknown>)[] = []
afterEach(() => Promise.all(opened.splice(0).map((close) => close())))

interface Looking {
  permissions?: Permissions
  name?: string
  /** null: nobody says what DEPLOY_SECRETS holds */
  entries?: Map<string, string> | null
}

/** Looks at a repository, and holds that nothing came of it but the report. */
async function look(
  { files, ...repository }: Repository,
  { permissions = seeing, name = 'acme/shop', entries = new Map([['REGISTRY_TOKEN', 'x']]) }: Looking = {},
): Promise<DoctorReport & { text: string }> {
  const { folder, remove } = await folderOf({})
  opened.push(remove)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, { mode: 0o755 })
  }
  const world: TestGitHub = await testGitHub(repository)
  opened.push(() => world.close())
  const before = await contentOf(folder)
  const access = accessTo(world, permissions, name)
  const report = await doctor(
    { config: join(folder, 'rollout.yml'), repository: folder, access, entries: entries ?? undefined },
    access.ports,
  )
  onlyLooked(world, 0)
  expect(await contentOf(folder)).toEqual(before)
  return { ...report, text: doctorText(report).join('\n') }
}

/** One thing is broken, and these findings are all that come of it: where, what, and what mends it. */
interface Broken {
  name: string
  broken(one: Repository): void
  found: [kind: string, where: RegExp, what: RegExp, mend: RegExp][]
}
const change = (path: string, from: string, to: string) => (one: Repository) => {
  const text = one.files[path] ?? ''
  expect(text).toContain(from)
  one.files[path] = text.replace(from, to)
}
const leaveOut = (one: Repository, path: string): void => {
  one.files = Object.fromEntries(Object.entries(one.files).filter(([name]) => name !== path))
}
const environment = (index: number, changed: Partial<Environment>) => (one: Repository) => {
  one.environments[index] = { ...(one.environments[index] as Environment), ...changed }
}
/** Texts of commands are broken where they are long. */
const oneLine = (text: string): string => text.replace(/\s*\\\n\s*/g, ' ')

const days: Broken[] = [
  {
    name: 'a region whose environment does not exist',
    broken: (one) => void one.environments.splice(0, 1),
    found: [
      [
        'environment-missing',
        /^production-eu$/,
        /environment of eu does not exist/,
        /gh api -X PUT .*repos\/acme\/shop\/environments\/production-eu .*reviewers\[\]\[id\]=\$\(gh api user[^]*-X POST .*production-eu\/deployment-branch-policies -f name=main -f type=branch/,
      ],
    ],
  },
  {
    name: 'an environment without any protection',
    broken: (one) => void (one.environments[2] = { name: 'production-us' }),
    found: [
      [
        'environment-weak',
        /^production-us$/,
        /no required reviewers, may be deployed to from any branch, can be bypassed by administrators/,
        /-X PUT .*environments\/production-us .*can_admins_bypass=false .*custom_branch_policies\]=true/,
      ],
    ],
  },
  {
    name: 'an environment that administrators may bypass: its reviewers, timer and branches stay',
    broken: environment(0, { canAdminsBypass: true }),
    found: [
      [
        'environment-weak',
        /^production-eu$/,
        /^the environment can be bypassed by administrators$/,
        /environments\/production-eu -F wait_timer=5 -F 'reviewers\[\]\[type\]=User' -F 'reviewers\[\]\[id\]=\d+' -F can_admins_bypass=false[^\n]*custom_branch_policies\]=true'$/,
      ],
    ],
  },
  {
    name: 'a guard environment that does not exist',
    broken: (one) => void one.environments.splice(3, 1),
    found: [
      [
        'guard-missing',
        /^production-us-guard$/,
        /guard environment of us does not exist/,
        /-X PUT .*environments\/production-us-guard -F wait_timer=0 -F 'reviewers\[\]' .*[^]*-X POST .*-f name=main/,
      ],
    ],
  },
  {
    name: 'a guard environment that asks somebody and waits',
    broken: environment(1, { reviewers: ['bob'], waitTimer: 30 }),
    found: [
      [
        'guard-waits',
        /^production-eu-guard$/,
        /has required reviewers and a wait timer/,
        /-X PUT .*environments\/production-eu-guard -F wait_timer=0 -F 'reviewers\[\]' [^\n]*$/,
      ],
    ],
  },
  {
    name: 'a guard environment that takes other branches than its region',
    broken: environment(1, { branches: [{ name: 'release/*', type: 'branch' }] }),
    found: [
      [
        'guard-branches',
        /^production-eu-guard$/,
        /takes branch release\/\*, and production-eu takes branch main/,
        /-X POST .*deployment-branch-policies -f name=main -f type=branch\n.*-X DELETE .*deployment-branch-policies\/1$/,
      ],
    ],
  },
  {
    name: 'two regions of one environment',
    broken: change(
      'rollout.yml',
      'name: us, environment: production-us',
      'name: us, environment: production-EU',
    ),
    found: [['config-invalid', /rollout\.yml:\d+:\d+/, /production-EU/i, /rollout\.yml/]],
  },
  {
    name: 'a caller that does not grant what the called jobs ask for',
    broken: change(DEPLOY, '      id-token: write # OIDC, for scripts that ask for it\n', ''),
    found: [
      [
        'caller-permissions',
        /deploy\.yml \(Line: \d+/,
        /job rollout gives less than rollout\.yml asks for: id-token: write is missing/,
        /deploy\.yml, job rollout[^]*permissions:\n {2}contents: read\n {2}actions: read\n {2}deployments: write\n {2}id-token: write$/,
      ],
    ],
  },
  {
    name: 'a caller that says nothing of permissions, where jobs may write everything by default',
    broken(one) {
      one.settings.defaultWorkflowPermissions = 'write'
      const text = one.files[EMERGENCY] ?? ''
      one.files[EMERGENCY] = text
        .replace('permissions: {}\n', '')
        .replace(/^ {4}permissions:\n(?: {6}.*\n){4}/m, '')
    },
    found: [
      [
        'caller-permissions',
        /emergency-rollback\.yml/,
        /id-token: write is not in what GitHub gives without a permissions block/,
        /permissions:/,
      ],
      [
        'default-permissions',
        /settings/,
        /may write everything/,
        /-X PUT .*actions\/permissions\/workflow -f default_workflow_permissions=read$/,
      ],
    ],
  },
  {
    name: 'an input that the template does not have',
    broken: change(DEPLOY, 'again: ${{', 'agian: ${{'),
    found: [['caller-refused', /deploy\.yml/, /Invalid input, agian is not defined/, /take out agian/]],
  },
  {
    name: 'an input that the template asks for and does not get',
    broken: change(DEPLOY, '      digest: ${{ inputs.digest }}\n', ''),
    found: [['caller-refused', /deploy\.yml/, /Input digest is required/, /add digest: /]],
  },
  {
    name: 'a template that there is not',
    broken: change(DEPLOY, 'workflows/rollout.yml@v1', 'workflows/roll-out.yml@v1'),
    found: [
      ['caller-unknown-template', /deploy\.yml/, /the suite has no workflow roll-out\.yml/, /deploy\.yml/],
    ],
  },
  {
    name: 'a caller in which OWNER still stands',
    broken: change(EMERGENCY, 'uses: acme/', 'uses: OWNER/'),
    found: [['caller-placeholder', /emergency-rollback\.yml/, /OWNER still stands/, /^sed -i /]],
  },
  {
    name: 'a caller that GitHub cannot read',
    broken: change(DEPLOY, '\njobs:', '\njabs: x\njobs:'),
    found: [['caller-invalid', /deploy\.yml/, /jabs/, /mend it/]],
  },
  {
    name: 'no workflow that rolls anything out',
    broken: (one) => leaveOut(one, DEPLOY),
    found: [
      [
        'caller-missing',
        /workflows$/,
        /no workflow calls rollout\.yml/,
        /init --only deploy --suite acme\/deploy-actions$/,
      ],
    ],
  },
  {
    name: 'no button that takes a release back',
    broken: (one) => leaveOut(one, EMERGENCY),
    found: [
      [
        'emergency-missing',
        /workflows$/,
        /no workflow calls emergency-rollback\.yml/,
        /^npx github:acme\/deploy-actions#v1 init --only emergency-rollback \\?\s*--suite acme\/deploy-actions$/,
      ],
    ],
  },
  {
    name: 'nobody who puts back what a killed run left behind',
    broken: (one) => leaveOut(one, SWEEPER),
    found: [
      [
        'sweeper-missing',
        /workflows$/,
        /no workflow calls sweeper\.yml/,
        /^npx github:acme\/deploy-actions#v1 init --only sweeper --suite acme\/deploy-actions$/,
      ],
    ],
  },
  {
    name: 'a sweeper that nobody starts',
    broken: change(
      SWEEPER,
      '  workflow_run: # zizmor: ignore[dangerous-triggers]\n    workflows: [Deploy]\n    types: [completed]\n',
      '',
    ),
    found: [['sweeper-missing', /sweeper\.yml/, /is not started when a rollout has ended/, /workflow_run:/]],
  },
  {
    name: 'a stage that waits for a yes which nobody can say',
    broken: change(
      'rollout.yml',
      'metrics:',
      'canary: { stages: [{ weight: 25%, watch: 5m, confirm: { within: 1h, else: restore } }, { weight: 100%, watch: 5m }] }\nmetrics:',
    ),
    found: [
      [
        'steer-missing',
        /workflows$/,
        /no workflow calls steer\.yml/,
        /^npx github:acme\/deploy-actions#v1 init --only steer --suite acme\/deploy-actions$/,
      ],
    ],
  },
  {
    name: 'a group of concurrency that the suite holds inside',
    broken: change(DEPLOY, 'permissions: {}', 'permissions: {}\nconcurrency: Deploy-shop-eu'),
    found: [['caller-concurrency', /deploy\.yml/, /one that the suite holds inside/, /take out concurrency/]],
  },
  {
    name: 'a rollout that the next one cuts off',
    broken: change(
      DEPLOY,
      'permissions: {}',
      'permissions: {}\nconcurrency: { group: mine, cancel-in-progress: true }',
    ),
    found: [
      ['caller-concurrency', /deploy\.yml/, /cancel-in-progress .* is true/, /take out cancel-in-progress/],
    ],
  },
  {
    name: 'secrets that rollout.yml names and a caller does not hand over',
    broken: change(EMERGENCY, '    secrets:\n      DEPLOY_SECRETS: ${{ secrets.DEPLOY_SECRETS }}\n', ''),
    found: [
      [
        'secret-not-handed-over',
        /emergency-rollback\.yml/,
        /hands no DEPLOY_SECRETS to emergency-rollback\.yml, and rollout\.yml names REGISTRY_TOKEN/,
        /DEPLOY_SECRETS: \$\{\{ secrets\.DEPLOY_SECRETS \}\}/,
      ],
    ],
  },
  {
    name: 'a secret that does not exist',
    broken: (one) => void (one.settings.secrets = ['OTHER']),
    found: [
      [
        'secret-missing',
        /^DEPLOY_SECRETS$/,
        /neither the repository nor its organisation/,
        /^gh secret set DEPLOY_SECRETS /,
      ],
    ],
  },
  {
    name: 'an entry of it that is not there',
    broken: change('rollout.yml', '[REGISTRY_TOKEN]', '[REGISTRY_TOKEN, SMOKE_KEY]'),
    found: [
      [
        'secret-entry-missing',
        /rollout\.yml:\d+:\d+/,
        /no line .* is SMOKE_KEY=/,
        /^gh secret set DEPLOY_SECRETS .* < FILE$/,
      ],
    ],
  },
  {
    name: 'a rollout.yml with a mistake',
    broken: change('rollout.yml', 'backend: app', 'backand: app'),
    found: [
      ['config-invalid', /rollout\.yml:\d+:\d+/, /backend: is missing/, /rollout\.yml/],
      ['config-invalid', /rollout\.yml:\d+:\d+/, /backand is an unknown key/, /rollout\.yml/],
    ],
  },
  {
    name: 'a script that is not there',
    broken: (one) => leaveOut(one, 'ops/restore.sh'),
    found: [['config-invalid', /deploy\.script/, /ops\/restore\.sh/, /rollout\.yml/]],
  },
  {
    name: 'a hook whose script is not there',
    broken: change('rollout.yml', 'service: shop\n', 'service: shop\nhooks: { finished: ops/tag.sh }\n'),
    found: [['config-invalid', /hooks\.finished/, /ops\/tag\.sh is not in the repository/, /rollout\.yml/]],
  },
  {
    name: 'workflows that are not on the default branch, or disabled',
    broken: (one) =>
      void (one.settings.workflows = [{ path: EMERGENCY, state: 'disabled_manually' }, { path: SWEEPER }]),
    found: [
      ['workflow-not-there', /deploy\.yml/, /not on the default branch/, /^git add .*deploy\.yml\n/],
      [
        'workflow-disabled',
        /emergency-rollback\.yml/,
        /disabled manually/,
        /^gh workflow enable emergency-rollback\.yml /,
      ],
    ],
  },
  {
    name: 'artifacts that are gone before anybody wants to take a release back',
    broken: (one) => void (one.settings.retentionDays = 1),
    found: [
      [
        'retention',
        /settings/,
        /kept for 1 days/,
        /-X PUT .*actions\/permissions\/artifact-and-log-retention -F days=90$/,
      ],
    ],
  },
  {
    name: 'a repository that is called otherwise by now',
    broken: (one) => void (one.settings.formerName = 'acme/store'),
    found: [
      [
        'repository-renamed',
        /^acme\/store$/,
        /is called acme\/shop now/,
        /^git remote set-url origin .*acme\/shop/,
      ],
    ],
  },
]

describe('the doctor', () => {
  it('finds nothing in a repository in which all is well', async () => {
    const { findings, unchecked, text, githubCalls } = await look(await healthy())
    expect({ findings, unchecked }).toEqual({ findings: [], unchecked: [] })
    expect(text).toBe(
      `shop in acme/shop: nothing wrong was found\n\nnothing was written; ${githubCalls} calls of GitHub's API`,
    )
  })

  it.each<[string, (one: Repository) => void]>([
    [
      'whose files have the line endings of Windows',
      (one) => {
        for (const [path, text] of Object.entries(one.files)) one.files[path] = text.replaceAll('\n', '\r\n')
      },
    ],
    [
      'whose environments have odd names',
      (one) => {
        const odd = `prod / "é" #1 'x'`
        one.files['rollout.yml'] = config.replace('production-eu', JSON.stringify(odd))
        one.environments[0] = target(odd)
        one.environments[1] = guard(`${odd}-guard`)
      },
    ],
    [
      'that calls the suite from workflows which its own ones call',
      (one) => {
        const [called, before] = ['.github/workflows/called.yml', one.files[EMERGENCY] ?? '']
        one.files[called] = before
          .replace('workflow_dispatch:', 'workflow_call:')
          .replace('permissions: {}\n', '')
          .replace(/^ {4}permissions:\n(?: {6}.*\n){4}/m, '')
        leaveOut(one, EMERGENCY)
        one.settings.workflows = [{ path: DEPLOY }, { path: called }, { path: SWEEPER }]
      },
    ],
  ])('finds nothing in one %s', async (_, change) => {
    const repository = await healthy()
    change(repository)
    const { findings, unchecked } = await look(repository)
    expect({ findings, unchecked }).toEqual({ findings: [], unchecked: [] })
  })

  it('writes commands that a shell reads as they are meant, whatever an environment is called', async () => {
    const repository = await healthy()
    repository.files['rollout.yml'] = config.replace('production-eu', `"it's $(rm -rf /) \\u001b[2J"`)
    const { findings } = await look(repository)
    const runs = findings.flatMap(({ mend }) => mend.flatMap((one) => ('run' in one ? [one.run] : [])))
    expect(runs.join('\n')).toContain(
      "environments/it's%20%24(rm%20-rf%20%2F)%20%1B%5B2J".replace("'", String.raw`'\''`),
    )
  })

  it.each(days)('names $name, and what mends it', async ({ broken, found }) => {
    const repository = await healthy()
    broken(repository)
    const name = repository.settings.formerName
    const { findings, unchecked, text } = await look(repository, name === undefined ? {} : { name })
    expect(findings.map(({ kind }) => kind)).toEqual(found.map(([kind]) => kind))
    findings.forEach(({ where, what, why, mend }, index) => {
      const [, atPlace, said, mended] = found[index] ?? []
      expect(where).toMatch(atPlace as RegExp)
      expect(what).toMatch(said as RegExp)
      expect(why).not.toBe('')
      const lines = mend.map((one) => ('run' in one ? oneLine(one.run) : `${one.edit}\n${one.to}`))
      expect(lines.join('\n')).toMatch(mended as RegExp)
      for (const one of mend) if ('run' in one) expect(text).toContain(one.run.split('\n')[0])
    })
    expect(unchecked).toEqual([])
  })

  it('breaks lines at 80 columns, wherever they have a space', async () => {
    const repository = await healthy()
    for (const { broken } of days.slice(0, 6))
      broken(await healthy().then((one) => Object.assign(repository, one)))
    repository.environments = []
    const { text } = await look(repository)
    const long = text.split('\n').filter((line) => line.length > 80 && / .* /.test(line.trim()))
    expect(long).toEqual([])
  })
})

describe('what the doctor cannot look at', () => {
  it('is said to be so, each with its permission, and nothing is concluded from it', async () => {
    const { findings, unchecked } = await look(await healthy(), { permissions: { contents: 'read' } })
    expect(findings).toEqual([])
    expect(
      unchecked.map(({ why }) => /the token lacks `(.*)`; use a token that has it/.exec(why)?.[1]),
    ).toEqual([
      'administration: read',
      'secrets: read',
      'actions: read',
      'actions: read',
      'administration: read',
    ])
  })

  it('is all of a repository that the token may not see; what its files say is said all the same', async () => {
    const repository = await healthy()
    leaveOut(repository, EMERGENCY)
    const { findings, unchecked } = await look(repository, { name: 'acme/secret' })
    expect(findings.map(({ kind }) => kind)).toEqual(['emergency-missing'])
    expect(unchecked).toEqual([
      {
        what: 'environments, secrets, permissions, workflows and retention',
        why: 'GitHub shows no repository acme/secret to this token: the name is wrong, or the token may not see it',
      },
    ])
  })

  it('is what the secret holds, unless somebody hands over from what it was set', async () => {
    const { findings, unchecked } = await look(await healthy(), { entries: null })
    expect(findings).toEqual([])
    expect(unchecked).toMatchObject([{ what: 'whether DEPLOY_SECRETS has lines for REGISTRY_TOKEN' }])
  })
})

describe('what the doctor costs', () => {
  it('is one call more for each environment that names branches by patterns, and nine beside', async () => {
    const { githubCalls } = await look(await healthy())
    expect(githubCalls).toBe(7 + 4)
  })
})
