// Stands for OpenTofu in a rehearsal of the example on a machine that has none: it answers what OpenTofu was recorded to answer
// for the configuration of that example, over the real backend, with its locks. A test holds it against OpenTofu itself.
// Whatever else it is asked, it refuses.
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @type {Record<string, any>} */
const recording = JSON.parse(readFileSync(new URL('./recording.json', import.meta.url), 'utf8'))
const NOTED = join('.terraform', 'terraform.tfstate')
const [command = '', ...args] = process.argv.slice(2)

class Refused extends Error {}

/** A lock is freed on the way. @param {string} message @returns {never} */
function refuse(message) {
  throw new Refused(`the recorded OpenTofu ${message}`)
}

/** The values of `-NAME=VALUE`. @param {string} name */
const flags = (name) =>
  args.filter((arg) => arg.startsWith(`-${name}=`)).map((arg) => arg.slice(name.length + 2))

/** @param {string} text @param {Record<string, unknown>} values */
const filled = (text, values) =>
  text.replace(/\{\{([a-z-]+)\}\}/g, (_, name) => {
    if (name === 'now') return new Date().toISOString()
    if (!(name in values)) refuse(`has no value for ${name}`)
    return JSON.stringify(values[name]).replace(/^"|"$/g, '')
  })

/** @returns {{ address: string, lock: string, unlock: string }} */
function backend() {
  const { config } = JSON.parse(readFileSync(NOTED, 'utf8')).backend
  return { address: config.address, lock: config.lock_address, unlock: config.unlock_address }
}

/** @param {string} method @param {string} address @param {string} [body] */
async function call(method, address, body) {
  const response = await fetch(address, { method, ...(body !== undefined && { body }) })
  return { status: response.status, text: await response.text() }
}

async function stateText() {
  const { status, text } = await call('GET', backend().address)
  if (status === 404) return undefined
  if (status !== 200) refuse(`was answered ${status} by the backend`)
  return text
}

/** What stands: nothing, the network with a pool that failed, or all. */
async function standing() {
  const text = await stateText()
  const state = text === undefined ? undefined : JSON.parse(text)
  const [network, pool, ...more] = state?.resources ?? []
  if (more.length > 0) refuse('knows no state of so many resources')
  const values = {
    serial: state?.serial ?? 0,
    lineage: state?.lineage ?? '',
    'network-id': network?.instances[0].attributes.id ?? '',
    'pool-id': pool?.instances[0].attributes.id ?? '',
  }
  if (!network) return { situation: 'nothing', values }
  return { situation: pool?.instances[0].status === 'tainted' ? 'begun' : 'made', values, state }
}

/** @template T @param {boolean} isLocked @param {() => Promise<T>} work @returns {Promise<T>} */
async function locked(isLocked, work) {
  if (!isLocked) return work()
  const { lock, unlock } = backend()
  const info = JSON.stringify({
    ID: randomUUID(),
    Operation: 'OperationTypeApply',
    Who: 'recorded@rehearsal',
  })
  const { status, text } = await call('LOCK', lock, info)
  if (status !== 200) refuse(`could not have it: Error acquiring the state lock: ${text}`)
  try {
    return await work()
  } finally {
    await call('UNLOCK', unlock, info)
  }
}

/** Variables as the files of the example have them. */
function variables() {
  const text = flags('var-file')
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  /** @param {RegExp} pattern */
  const last = (pattern) => [...text.matchAll(pattern)].at(-1)?.[1]
  const region = last(/^region\s*=\s*"([^"]*)"/gm)
  const size = last(/^size\s*=\s*(\d+)/gm)
  if (region === undefined || size === undefined) refuse('needs region and size of a -var-file')
  return { region, size: Number(size), answer: last(/^answer\s*=\s*"([^"]*)"/gm) ?? 'ok' }
}

/** It has been recorded for this configuration and for no other. */
function mustBeTheExample() {
  const digest = createHash('sha256').update(readFileSync('main.tf')).digest('hex')
  if (digest !== recording.configuration) refuse('knows the main.tf of the example alone; install OpenTofu')
}

/** @type {Record<string, () => void | Promise<void>>} */
const commands = {
  version: () => void process.stdout.write(recording[args.includes('-json') ? 'version in JSON' : 'version']),
  init() {
    mustBeTheExample()
    const settings = Object.fromEntries(flags('backend-config').map((one) => one.split(/=(.*)/s).slice(0, 2)))
    for (const name of ['address', 'lock_address', 'unlock_address'])
      if (!settings[name]) refuse(`needs the setting ${name} of the backend`)
    mkdirSync('.terraform', { recursive: true })
    writeFileSync(NOTED, JSON.stringify({ version: 3, backend: { type: 'http', config: settings, hash: 1 } }))
    process.stdout.write(recording.init)
  },
  workspace() {
    if (args[0] !== 'show') refuse('knows no workspace but that of the name default')
    process.stdout.write('default\n')
  },
  async state() {
    if (args[0] !== 'pull') refuse(`does not know state ${args[0]}`)
    process.stdout.write((await stateText()) ?? recording.pulled)
  },
  async plan() {
    mustBeTheExample()
    if (flags('target').length + flags('replace').length > 0 || args.includes('-destroy'))
      refuse('plans the whole of the example alone')
    const values = { ...variables() }
    await locked(!args.includes('-lock=false'), async () => {
      const { situation, values: stands, state } = await standing()
      const own = state?.resources[0].instances[0].attributes.input.value
      if (own !== undefined && own !== `network of ${values.region}`)
        refuse(`does not know a state of ${own}`)
      const all = { ...values, ...stands }
      const [out] = flags('out')
      if (out !== undefined) writeFileSync(out, JSON.stringify({ situation, values: all }))
      process.stdout.write(filled(recording[situation].plan, all))
    })
  },
  async show() {
    const file = args.find((arg) => !arg.startsWith('-'))
    if (file === undefined) {
      const { situation, values, state } = await standing()
      const pool = state?.resources[1].instances[0].attributes.input.value
      const region = state?.resources[0].instances[0].attributes.input.value.replace('network of ', '')
      process.stdout.write(filled(recording[situation].state, { ...values, region, size: pool?.size }))
      return
    }
    const { situation, values } = JSON.parse(readFileSync(file, 'utf8'))
    process.stdout.write(filled(recording[situation].show, values))
  },
  async apply() {
    const file = args.find((arg) => !arg.startsWith('-'))
    if (file === undefined) refuse('applies a plan alone')
    const plan = JSON.parse(readFileSync(file, 'utf8'))
    await locked(true, async () => {
      const { values: stands } = await standing()
      if (stands.serial !== plan.values.serial || stands.lineage !== plan.values.lineage)
        refuse('was given an old one: Saved plan is stale')
      const isRefused = plan.values.answer !== 'ok'
      const end = recording[plan.situation][isRefused ? 'refused' : 'applied']
      if (end === undefined) refuse('has nothing to apply')
      const values = {
        ...plan.values,
        'old-pool-id': stands['pool-id'],
        'network-id': stands['network-id'] || randomUUID(),
        'pool-id': randomUUID(),
        serial: stands.serial + 1,
        lineage: stands.lineage || randomUUID(),
      }
      const { status } = await call('POST', backend().address, filled(end.written, values))
      if (status !== 200) refuse(`could not save: Failed to save state: ${status}`)
      process.stdout.write(filled(end.stream, values))
      process.exitCode = isRefused ? 1 : 0
    })
  },
  async output() {
    const text = await stateText()
    /** @type {Record<string, { sensitive?: boolean, type: unknown, value: unknown }>} */
    const outputs = text === undefined ? {} : JSON.parse(text).outputs
    const told = Object.entries(outputs).map(([name, { sensitive = false, type, value }]) => [
      name,
      { sensitive, type, value },
    ])
    process.stdout.write(`${JSON.stringify(Object.fromEntries(told), null, 2)}\n`)
  },
}

try {
  const run = commands[command]
  if (!run) refuse(`does not know ${command}`)
  await run()
} catch (error) {
  if (!(error instanceof Refused)) throw error
  process.stderr.write(`Error: ${error.message}\n`)
  process.exitCode = 1
}
