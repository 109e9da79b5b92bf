import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'

// The rules of the layers are only worth what they refuse: each is broken once, in a tree of its own.

/** One import per rule that it must refuse: which file has it, and what it imports. */
const broken: Record<string, [from: string, to: string]> = {
  'no-cycles': ['packages/rollout/src/a.ts', 'packages/rollout/src/b.ts'],
  'workflow-engine-stands-alone': ['packages/workflow-engine/src/a.ts', 'packages/rollout/src/x.ts'],
  'embedded-regions-stand-alone': ['packages/embedded-regions/src/a.ts', 'packages/traffic/src/x.ts'],
  'github-emulator-knows-runs-only': ['packages/github-emulator/src/a.ts', 'packages/ledger/src/x.ts'],
  'rehearsal-is-for-the-cli': ['packages/action-kit/src/a.ts', 'packages/rehearsal/src/x.ts'],
  'parts-of-the-rehearsal-are-for-it': ['actions/notify/src/a.ts', 'packages/embedded-regions/src/x.ts'],
  'cli-goes-through-the-rehearsal': ['packages/cli/src/a.ts', 'packages/workflow-engine/src/x.ts'],
  'local-cluster-stands-alone': ['packages/local-cluster/src/a.ts', 'packages/rollout/src/x.ts'],
  'kit-knows-no-provider': ['packages/action-kit/src/b.ts', 'packages/traffic/src/x.ts'],
  'providers-know-the-kit-only': ['packages/metrics/src/a.ts', 'packages/traffic/src/x.ts'],
  'kubernetes-knows-no-provider': ['packages/kubernetes/src/a.ts', 'packages/deploys/src/x.ts'],
  'helm-knows-no-provider': ['packages/helm/src/a.ts', 'packages/deploys/src/x.ts'],
  'one-check-asks-a-router': ['packages/checks/src/weights-held.ts', 'packages/metrics/src/x.ts'],
  'config-knows-no-ledger': ['packages/config/src/a.ts', 'packages/ledger/src/x.ts'],
  'ledger-knows-records-only': ['packages/ledger/src/a.ts', 'packages/traffic/src/x.ts'],
  'transaction-knows-no-config': ['packages/transaction/src/a.ts', 'packages/config/src/x.ts'],
  'packages-know-no-action': ['packages/checks/src/a.ts', 'actions/notify/src/x.ts'],
  'actions-know-no-other-action': ['actions/notify/src/b.ts', 'actions/run-hook/src/x.ts'],
  'pure-has-no-io': ['packages/analysis/src/a.ts', 'node:fs'],
  'shipped-code-needs-no-test-code': ['actions/notify/src/c.ts', 'packages/testing/src/x.ts'],
  'not-unresolvable': ['actions/notify/src/d.ts', 'actions/notify/src/nowhere.ts'],
}

interface Rules {
  default: { forbidden: { name: string }[] }
}

let tree: string
beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'layers-'))
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
    await cp(file, join(tree, file))
  await symlink(join(process.cwd(), 'node_modules'), join(tree, 'node_modules'))
  // Types only: a layer that knows another one's types knows it.
  const importing = (from: string, to: string) =>
    `import type * as other from '${to.includes(':') ? to : `./${relative(dirname(from), to).replace(/\.ts$/, '')}`}'\nexport type Other = typeof other\n`
  const files = new Map(
    Object.values(broken)
      .map(([, to]) => to)
      .filter((to) => to.endsWith('x.ts'))
      .map((to) => [to, 'export {}\n']),
  )
  for (const [from, to] of Object.values(broken)) files.set(from, importing(from, to))
  files.set('packages/rollout/src/b.ts', importing('packages/rollout/src/b.ts', 'packages/rollout/src/a.ts'))
  for (const [file, text] of files) {
    await mkdir(join(tree, dirname(file)), { recursive: true })
    await writeFile(join(tree, file), text)
  }
})
afterAll(() => rm(tree, { recursive: true, force: true }))

it('every rule has a case here', async () => {
  const rules = pathToFileURL('.dependency-cruiser.mjs').href
  const { default: config } = (await import(rules)) as Rules
  expect(Object.keys(broken).sort()).toEqual(config.forbidden.map(({ name }) => name).sort())
})

it('every rule refuses what it is there for, types included', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--output-type',
      'json',
      'actions',
      'packages',
    ],
    { cwd: tree },
  ).catch((error: unknown) => error as { stdout: string })
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] }
  }
  for (const [rule, [from]] of Object.entries(broken))
    expect(summary.violations.map((one) => [one.rule.name, one.from])).toContainEqual([rule, from])
})
