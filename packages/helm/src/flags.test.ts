import { describe, expect, it } from '@jest/globals'
import { rollbackFlags, templateFlags, uninstallFlags, upgradeFlags, type Upgrade } from './flags'

const upgrade: Upgrade = {
  chart: { chart: 'charts/api' },
  valuesFiles: ['a.yaml', '/tmp/0.yaml'],
  set: { 'image.digest': 'sha256:1' },
  timeoutMs: 90_000,
  wait: 'watcher',
  historyMax: 20,
}
const everything: Upgrade = {
  ...upgrade,
  chart: { chart: 'api', repository: 'https://charts.example.com', version: '1.2.3', keyring: 'keys.gpg' },
  ...{ waitForJobs: true, hooks: false, serverSide: 'true', forceConflicts: true, createNamespace: true },
  ...{ skipCrds: true, takeOwnership: true, labels: { a: 'b', c: 'd' }, description: '1.4.0 of run 7' },
  postRenderer: 'ops/render.sh',
}

describe('the flags of an upgrade', () => {
  it('B6 16: of Helm 3 have nothing that only Helm 4 knows', () => {
    expect(upgradeFlags(everything, 3)).toEqual([
      ...['--install', '--wait', '--wait-for-jobs', '--timeout', '90s', '--no-hooks'],
      ...['--history-max', '20', '--reset-values', '--create-namespace', '--skip-crds', '--take-ownership'],
      ...['--labels', 'a=b,c=d', '--description', '1.4.0 of run 7'],
      ...['--repo', 'https://charts.example.com', '--version', '1.2.3', '--verify', '--keyring', 'keys.gpg'],
      ...['--post-renderer', 'ops/render.sh', '--values', 'a.yaml', '--values', '/tmp/0.yaml'],
      ...['--set-string', 'image.digest=sha256:1'],
    ])
  })

  it('B6 17: of Helm 4 say who merges, and whose fields are taken', () => {
    const flags = upgradeFlags(everything, 4)
    expect(flags.join(' ')).toContain('--server-side true --force-conflicts')
    expect(upgradeFlags({ ...upgrade, serverSide: 'auto' }, 4).join(' ')).toContain('--server-side auto')
  })

  it.each([3, 4, undefined] as const)(
    'let Helm %s neither go back by itself nor take values of the release before',
    (major) => {
      const flags = upgradeFlags(everything, major).join(' ')
      expect(flags).toContain('--reset-values')
      expect(flags).not.toMatch(
        /--atomic|--rollback-on-failure|--reuse-values|--reset-then-reuse-values|--force-replace/,
      )
    },
  )

  it.each([
    ['watcher', 3, ['--wait']],
    ['watcher', 4, ['--wait']],
    ['legacy', 3, ['--wait']],
    ['legacy', 4, ['--wait=legacy']],
    ['off', 3, []],
    ['off', 4, []],
  ] as const)('B6 18: wait for %s in Helm %i by %j, forward and back', (wait, major, expected) => {
    for (const flags of [
      upgradeFlags({ ...upgrade, wait }, major),
      rollbackFlags({ ...upgrade, wait }, major),
      uninstallFlags({ ...upgrade, wait }, major),
    ])
      expect(flags.filter((one) => one.startsWith('--wait'))).toEqual(expected)
  })
})

it('a rollback has the flags of the upgrade that it takes back, as far as it has them', () => {
  expect(rollbackFlags(everything, 4)).toEqual([
    ...['--wait', '--wait-for-jobs', '--timeout', '90s', '--no-hooks', '--server-side', 'true'],
    ...['--force-conflicts', '--history-max', '20'],
  ])
})

it('a template has what says what is rendered, and nothing of a write', () => {
  expect(templateFlags({ ...upgrade, hooks: false })).toEqual([
    ...[
      '--no-hooks',
      '--values',
      'a.yaml',
      '--values',
      '/tmp/0.yaml',
      '--set-string',
      'image.digest=sha256:1',
    ],
  ])
})
