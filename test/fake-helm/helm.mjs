import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

// As much of Helm as is called here, over a file of releases: MAJOR STATE COMMAND... It refuses what Helm refuses, in its
// words, which test/systems/helm-deployer and helm-deploy hold against both majors. What becomes of a command beside that
// says the file of plans: see fake-helm.ts.

const [major, state, ...line] = process.argv.slice(2)
const two = line[0] === 'get'
const command = line.slice(0, two ? 2 : 1).join(' ')
const args = line.slice(two ? 2 : 1)
const read = (file, otherwise) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : otherwise)
const releases = read(state, {})

const text = { type: 'string' }
const flag = { type: 'boolean' }
const list = { type: 'string', multiple: true }
const everywhere = { namespace: text, 'kube-context': text }
const writing = {
  ...{ ...everywhere, wait: flag, timeout: text, 'no-hooks': flag },
  ...(major === '4' ? { 'server-side': text, 'force-conflicts': flag } : {}),
}
const chart = { repo: text, version: text, verify: flag, keyring: text }
const rendering = { ...chart, 'post-renderer': text, values: list, 'set-string': list }
const known = {
  version: { template: text },
  history: { ...everywhere, max: text, output: text },
  'get manifest': { ...everywhere, revision: text },
  'get hooks': { ...everywhere, revision: text },
  'get metadata': { ...everywhere, revision: text, output: text },
  template: { ...everywhere, 'no-hooks': flag, ...rendering },
  upgrade: {
    ...{ ...writing, ...rendering, 'wait-for-jobs': flag, 'history-max': text, install: flag },
    ...{ 'reset-values': flag, 'create-namespace': flag, 'skip-crds': flag, 'take-ownership': flag },
    ...{ labels: text, description: text, 'dry-run': text },
  },
  rollback: { ...writing, 'wait-for-jobs': flag, 'history-max': text },
  uninstall: { ...everywhere, wait: flag, timeout: text, 'no-hooks': flag },
}

function fail(message) {
  // Helm 4 logs on the same stream before it says why.
  if (major === '4') process.stderr.write('level=WARN msg="something that is no error"\n')
  process.stderr.write(`Error: ${message}\n`)
  process.exit(1)
}

if (!known[command]) fail(`unknown command "${command}" for "helm"`)
/** Helm 4 takes a strategy behind the flag, which parseArgs has no word for. */
const strategy = major === '4' ? args.find((one) => one.startsWith('--wait=')) : undefined
let parsed
try {
  parsed = parseArgs({
    args: args.filter((one) => one !== strategy),
    options: known[command],
    allowPositionals: true,
  })
} catch (error) {
  fail(`unknown flag: ${error.message}`)
}
const { values, positionals } = parsed
if (strategy !== undefined && !['--wait=legacy', '--wait=watcher', '--wait=hookOnly'].includes(strategy))
  fail(`invalid argument "${strategy}"`)
const files = (values.values ?? []).map((file) => ({
  file,
  ...(existsSync(file) && { mode: statSync(file).mode & 0o777, text: readFileSync(file, 'utf8') }),
}))
appendFileSync(`${state}.calls`, `${JSON.stringify({ command, args, files })}\n`)

const [name, second] = positionals
if (command === 'version') {
  process.stdout.write(read(`${state}.version`, major === '4' ? 'v4.3.1' : 'v3.22.0'))
  process.exit(0)
}
if (values.namespace === undefined) fail('the namespace "default" is none of the test')
const revisions = releases[name] ?? []
const last = revisions.at(-1)
/** Whole: tests read it while it is written. */
function save() {
  writeFileSync(`${state}.part`, JSON.stringify(releases))
  renameSync(`${state}.part`, state)
}

/** What is planned for this command, once. */
function planned() {
  const plans = read(`${state}.plans`, [])
  const index = plans.findIndex((one) => one.command === command && (one.release ?? name) === name)
  if (index === -1) return undefined
  const [plan] = plans.splice(index, 1)
  writeFileSync(`${state}.plans`, JSON.stringify(plans))
  return plan
}

function add(revision) {
  for (const one of revisions)
    if (one.status === 'deployed' && revision.status === 'deployed') one.status = 'superseded'
  const number = (last?.revision ?? 0) + 1
  revisions.push({ revision: number, updated: new Date().toISOString(), ...revision })
  releases[name] = revisions.slice(-Number(values['history-max']))
  save()
}

/** A Deployment with the image, and a Secret; `template` of an upgrade goes into it, too. */
const manifestOf = (digest, more = '') => `---
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  template:
    spec:
      initContainers:
        - name: wait
          image: registry.example.com/wait:1
      containers:
        - name: app
          image: registry.example.com/shop${digest === undefined ? ':latest' : `@${digest}`}
---
apiVersion: v1
kind: Secret
metadata:
  name: ${name}
stringData:
  password: swordfish-manifest
${more}`

if (command === 'history') {
  if (!last) fail('release: not found')
  const rows = revisions.map(({ revision, updated, status, description }) => ({
    ...{ revision, updated: updated ?? '2026-11-21T10:00:00Z', status, chart: 'shop-0.1.0' },
    ...{ app_version: '1.0', description },
  }))
  process.stdout.write(JSON.stringify(rows))
}
const one = revisions.find(({ revision }) => revision === Number(values.revision ?? last?.revision))
if (two && !one) fail('release: not found')
if (command === 'get manifest') process.stdout.write(manifestOf(one.digest))
if (command === 'get metadata')
  process.stdout.write(
    JSON.stringify({
      ...{ name, chart: 'shop', version: '0.1.0', appVersion: '1.0', namespace: values.namespace },
      ...{ revision: one.revision, status: one.status, deployedAt: one.updated },
      ...(major === '4' && { labels: one.labels ?? {}, applyMethod: one.applyMethod ?? 'ssa' }),
    }),
  )
if (command === 'template') process.stdout.write(manifestOf(digestOf()))

function digestOf() {
  const set = new Map((values['set-string'] ?? []).map((pair) => pair.split('=')))
  return set.get('image.digest')
}

if (command === 'upgrade') {
  const digest = digestOf()
  if (!existsSync(`${second}/Chart.yaml`)) fail(`path "${second}" not found`)
  if (last?.status.startsWith('pending-'))
    fail('UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress')
  if (!values.install && (!last || last.status === 'uninstalled'))
    fail(`UPGRADE FAILED: "${name}" has no deployed releases`)
  if (values['dry-run'] !== undefined) {
    if (values['dry-run'] !== 'server') fail(`invalid dry-run value (${values['dry-run']})`)
    const plan = read(`${state}.renders`, {})[name]
    if (plan?.text !== undefined) fail(plan.text)
    // With a description of its own it is not known for a dry run, and the manifest is not printed.
    if (last && values.description !== undefined) process.exit(0)
    process.stdout.write(
      `NAME: ${name}\nHOOKS:\nMANIFEST:\n${manifestOf(digest, plan?.more)}\nNOTES:\nhello\n`,
    )
  } else {
    // Those of the release before are taken over.
    const own = Object.fromEntries(
      (values.labels ?? '')
        .split(',')
        .filter(Boolean)
        .map((pair) => pair.split('=')),
    )
    const labels = { ...last?.labels, ...own }
    const plan = planned()
    if (plan?.does === 'hang') {
      writeFileSync(`${state}.hanging`, String(process.pid))
      add({
        status: last ? 'pending-upgrade' : 'pending-install',
        description: 'Preparing upgrade',
        digest,
        labels,
      })
      const ends = () => {
        Object.assign(revisions.at(-1), {
          status: 'failed',
          description: `Upgrade "${name}" failed: context canceled`,
        })
        save()
        fail('UPGRADE FAILED: context canceled')
      }
      if (plan.deaf !== true) process.on('SIGTERM', ends)
      else process.on('SIGTERM', () => {})
      setInterval(() => {}, 1000)
    } else if (plan) {
      if (plan.leaves !== 'nothing')
        add({ status: 'failed', description: `Upgrade "${name}" failed: denied`, digest, labels })
      fail(plan.text)
    } else {
      // `auto`, and nothing said: as the revision before, and by the server where there is none.
      const applyMethod = { true: 'ssa', false: 'csa' }[values['server-side']] ?? last?.applyMethod
      add({
        status: 'deployed',
        description: values.description ?? (last ? 'Upgrade complete' : 'Install complete'),
        digest,
        labels,
        applyMethod,
      })
      if (major === '4') process.stderr.write('level=WARN msg="upgrade is fine all the same"\n')
      process.stdout.write(`Release "${name}" has been upgraded. Happy Helming!\nNOTES: password swordfish\n`)
    }
  }
}
if (command === 'rollback') {
  if (second === undefined) fail('a rollback without a revision is none of the test')
  const target = revisions.find(({ revision }) => revision === Number(second))
  if (!target) fail(`release has no ${second} version`)
  const { digest, labels } = target
  const plan = planned()
  const description = `Rollback to ${second}`
  if (plan?.does === 'hang') {
    // It catches no signal.
    add({ status: 'pending-rollback', description, digest, labels })
    setInterval(() => {}, 1000)
  } else if (plan?.does === 'slow') {
    add({ status: 'pending-rollback', description, digest, labels })
    setTimeout(() => {
      for (const one of revisions) if (one.status === 'deployed') one.status = 'superseded'
      revisions.at(-1).status = 'deployed'
      save()
    }, plan.ms)
  } else if (plan) {
    if (plan.leaves !== 'nothing') add({ status: plan.leaves ?? 'failed', description, digest, labels })
    fail(plan.text)
  } else add({ status: 'deployed', description, digest, labels })
}
if (command === 'uninstall') {
  if (!last) fail(`uninstall: Release not loaded: ${name}: release: not found`)
  delete releases[name]
  save()
}
