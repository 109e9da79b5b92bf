import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { InputError, readInputs, type Problem } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { inputs, type Given } from './inputs'
import { main } from './main'

const read = (given: Record<string, string>): Given | readonly Problem[] => {
  try {
    return readInputs(
      inputs,
      Object.fromEntries(
        Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
      ),
    )
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
}
const problems = (given: Record<string, string>): string[] => {
  const found = read(given)
  return Array.isArray(found) ? found.map(({ where, message }: Problem) => `${where}: ${message}`) : []
}

const LIMIT = /not a duration|must be longer than 0s/
/** Of each input that not every text fits, values that do not, and what is said of them. */
const WRONG: Record<string, [value: string, said: RegExp][]> = {
  mode: [['destroy', /expected one of "plan"\|"apply"\|"drift"\|"recover"/]],
  tool: [
    ['-chdir=/etc', /is not a program/],
    ['terra form', /is not a program/],
  ],
  version: [
    ['1.15', /is not an exact version such as 1\.15\.7/],
    ['latest', /is not an exact version/],
  ],
  path: [
    ['../infra', /is not a path inside the repository/],
    ['/etc', /is not a path inside the repository/],
    ['-out', /is not a path inside the repository/],
    ['infra/../..', /is not a path inside the repository/],
  ],
  stack: [['Net work', /is not a name of a stack: lower-case letters, digits and -/]],
  needs: [['network,1data', /is not a name of a stack/]],
  'changed-since': [
    ['--output=x', /is not a commit/],
    ['a b', /is not a commit/],
  ],
  workspace: [
    ['-force', /is not a workspace/],
    ['prod/eu', /is not a workspace/],
  ],
  'backend-config': [
    ['key', /is not NAME=VALUE/],
    ['key=a\naccess_key=b', /is a credential, which would be kept in the plan/],
    ['sas_token=b', /is a credential/],
  ],
  'backend-config-files': [['infra/eu.tfbackend\n../eu', /is not a path inside the repository/]],
  'var-files': [['/etc/passwd', /is not a path inside the repository/]],
  'local-state': [['maybe', /expected boolean|Invalid/i]],
  'tool-secrets': [['TF_VAR_a,1x', /is not the name of a secret/]],
  oidc: [['maybe', /Invalid/]],
  target: [['-destroy', /is not an address such as/]],
  replace: [['1.2', /is not an address such as/]],
  destroy: [['maybe', /Invalid/]],
  lock: [['maybe', /Invalid/]],
  'lock-timeout': [
    ['5 minutes', LIMIT],
    ['0s', LIMIT],
  ],
  parallelism: [
    ['0', />=1/],
    ['101', /<=100/],
    ['1.5', /int/],
    ['many', /number/],
  ],
  timeout: [['2 hours', LIMIT]],
  'plan-store': [
    ['s3://plans', /is not a store; write artifact, file:DIR or none/],
    ['file:', /is not a store/],
  ],
  'plan-key-secret': [['openssl rand', /is not the name of a secret/]],
  'plan-max-age': [['0s', LIMIT]],
  'plan-run': [
    ['0', />=1/],
    ['latest', /number/],
  ],
  'plan-sha256': [
    ['sha256:abc', /is not a digest/],
    ['a'.repeat(64), /is not a digest/],
  ],
  verify: [['none', /expected one of "replan"\|"state"/]],
  'max-destroy': [
    ['-1', />=0/],
    ['some', /number/],
  ],
  'max-replace': [['1.5', /int/]],
  protected: [['-x', /is not a pattern of addresses/]],
  'require-complete': [['maybe', /Invalid/]],
  'fail-on-check': [['maybe', /Invalid/]],
  'fail-on-drift': [['maybe', /Invalid/]],
  'policy-script': [['a && b', /is not run by a shell/]],
  infra: [['host=x', /is not a JSON object of texts/]],
  'give-outputs': [['maybe', /Invalid/]],
  comment: [['maybe', /Invalid/]],
  issue: [['maybe', /Invalid/]],
  secrets: [['PLAN_KEY', /KEY=VALUE/]],
  'dry-run': [['maybe', /Invalid/]],
}
/** Names that something else says whether they are right: rollout.yml, the store, the configuration, GitHub. */
const ANY_TEXT = [
  'config',
  'region',
  'service',
  'regions',
  'stacks',
  'environment',
  'plan-id',
  'export-outputs',
  'transaction',
  'github-token',
]

describe('a wrong value', () => {
  it('is known of every input', () => {
    expect([...Object.keys(WRONG), ...ANY_TEXT].toSorted()).toEqual(Object.keys(inputs.shape).toSorted())
  })

  it.each(
    Object.entries(WRONG).flatMap(([name, all]) => all.map(([value, said]) => ({ name, value, said }))),
  )('of $name, $value, is refused by its name', ({ name, value, said }) => {
    const found = problems({ mode: 'plan', [name]: value })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(said)
    expect(found[0]).toContain(`input \`${name}`)
  })

  it('of each input is told at once, and none keeps another from being told', () => {
    const all = Object.fromEntries(Object.entries(WRONG).map(([name, [first]]) => [name, first?.[0] ?? '']))
    const told = problems(all).map((one) => /^input `([a-z0-9-]+)/.exec(one)?.[1])
    expect([...new Set(told)].toSorted()).toEqual(Object.keys(WRONG).toSorted())
  })

  it('that holds a secret is not shown', () => {
    expect(problems({ mode: 'plan', secrets: 'a-secret-without-a-name' }).join()).not.toContain('a-secret')
  })
})

describe('what does not fit the mode', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      'plan',
      {
        'export-outputs': 'size',
        transaction: 't',
        'plan-run': '7',
        path: 'nowhere',
        'var-files': 'a.tfvars',
      },
      ['export-outputs', 'transaction', 'plan-run', 'path', 'var-files', 'plan-key-secret'],
    ],
    [
      'apply',
      { 'var-files': 'there.tfvars', target: 'a.b', replace: 'a.b', destroy: 'true', 'plan-store': 'none' },
      ['var-files', 'target', 'replace', 'destroy', 'plan-id', 'plan-sha256', 'plan-store'],
    ],
    [
      'recover',
      {
        'plan-store': 'none',
        transaction: 't',
        comment: 'true',
        issue: 'true',
        'tool-secrets': 'TF_VAR_a, TF_VAR_b',
        oidc: 'true',
        stack: 'app',
        needs: 'network',
      },
      [
        'needs',
        'needs',
        'stack',
        'transaction',
        'comment',
        'issue',
        'plan-id',
        'plan-store',
        'tool-secrets',
        'tool-secrets',
        'oidc',
      ],
    ],
    [
      'drift',
      { 'plan-run': '7', 'backend-config-files': 'eu.tfbackend' },
      ['plan-run', 'backend-config-files'],
    ],
  ])('%s is told whole, before the tool is looked for', async (mode, given, names) => {
    const workspace = await mkdtemp(join(tmpdir(), 'inputs-'))
    await writeFile(join(workspace, 'there.tfvars'), '')
    const ports = createFakePorts()
    const parsed = read({ mode, tool: 'not-there', ...given }) as Given
    const refused = main(parsed, { ...ports, context: { ...ports.context, workspace } })
    const told = await refused.catch((error: unknown) =>
      (error as InputError).problems.map(({ where }) => where),
    )
    expect((told as string[]).toSorted()).toEqual(names.map((name) => `input \`${name}\``).toSorted())
  })
})
