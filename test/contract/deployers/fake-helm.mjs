import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

// As much of Helm as the deployer calls, over a file of releases: MAJOR STATE COMMAND... It refuses what Helm refuses, in
// its words, which test/systems/helm-deployer holds against both majors.

const [major, state, command, ...args] = process.argv.slice(2)
const releases = JSON.parse(readFileSync(state, 'utf8'))
const options = {
  namespace: { type: 'string' },
  timeout: { type: 'string' },
  wait: { type: 'boolean' },
  'history-max': { type: 'string' },
  max: { type: 'string' },
  output: { type: 'string' },
  install: { type: 'boolean' },
  values: { type: 'string', multiple: true },
  'set-string': { type: 'string' },
  'dry-run': { type: 'string' },
}
const known = {
  history: ['namespace', 'max', 'output'],
  upgrade: ['namespace', 'timeout', 'wait', 'history-max', 'install', 'values', 'set-string', 'dry-run'],
  rollback: ['namespace', 'timeout', 'wait', 'history-max'],
  uninstall: ['namespace', 'timeout', 'wait'],
}

function fail(message) {
  // Helm 4 logs on the same stream before it says why.
  if (major === '4') process.stderr.write('level=WARN msg="something that is no error"\n')
  process.stderr.write(`Error: ${message}\n`)
  process.exit(1)
}

if (!known[command]) fail(`unknown command "${command}" for "helm"`)
const flags = Object.fromEntries(known[command].map((name) => [name, options[name]]))
let parsed
try {
  parsed = parseArgs({ args, options: flags, allowPositionals: true })
} catch (error) {
  fail(`unknown flag: ${error.message}`)
}
const { values, positionals } = parsed
const [name, second] = positionals
if (values.namespace === undefined) fail('the namespace "default" is none of the test')
const revisions = releases[name] ?? []
const last = revisions.at(-1)
const save = () => writeFileSync(state, JSON.stringify(releases))

function add(status, description, digest) {
  for (const one of revisions)
    if (one.status === 'deployed' && status === 'deployed') one.status = 'superseded'
  revisions.push({ revision: (last?.revision ?? 0) + 1, status, description, digest })
  releases[name] = revisions.slice(-Number(values['history-max']))
  save()
}

if (command === 'history') {
  if (!last) fail('release: not found')
  const rows = revisions.map(({ revision, status, description }) => ({
    ...{
      revision,
      updated: '2026-11-21T10:00:00Z',
      status,
      chart: 'shop-0.1.0',
      app_version: '',
      description,
    },
  }))
  process.stdout.write(JSON.stringify(rows))
}
if (command === 'upgrade') {
  const [, digest] = (values['set-string'] ?? '').split('=')
  if (!existsSync(`${second}/Chart.yaml`)) fail(`path "${second}" not found`)
  if (values['dry-run'] !== undefined) {
    if (values['dry-run'] !== 'server') fail(`invalid dry-run value (${values['dry-run']})`)
    process.stdout.write(`MANIFEST:\nimage: registry.example.com/shop@${digest}\n`)
  } else {
    if (last?.status.startsWith('pending-'))
      fail('UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress')
    if (existsSync(`${state}.refuses`)) {
      add('failed', `Upgrade "${name}" failed: denied`, digest)
      fail('UPGRADE FAILED: admission webhook "policy" denied the request: no such image')
    }
    add('deployed', last ? 'Upgrade complete' : 'Install complete', digest)
    process.stdout.write(`Release "${name}" has been upgraded. Happy Helming!\nNOTES: password swordfish\n`)
  }
}
if (command === 'rollback') {
  if (second === undefined) fail('a rollback without a revision is none of the test')
  const target = revisions.find(({ revision }) => revision === Number(second))
  if (!target) fail(`release has no ${second} version`)
  add('deployed', `Rollback to ${second}`, target.digest)
}
if (command === 'uninstall') {
  if (!last) fail(`uninstall: Release not loaded: ${name}: release: not found`)
  delete releases[name]
  save()
}
