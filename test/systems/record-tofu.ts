import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIGURATION, transcriptOf, type Answer } from './recorded-tofu.fixture'

/*
 * Records what OpenTofu answers for the configuration of the example, for machines that have none:
 * tsx test/systems/record-tofu.ts, after test/systems/install.
 */
const REGION = 'region-of-the-recording'
const SIZE = '47110815'
const tofu = join(process.cwd(), '.cache/systems/bin/tofu')
const transcript = await transcriptOf([tofu], `region = "${REGION}"\nsize = ${SIZE}\n`)

const answerOf = (name: string): Answer => {
  const found = transcript[name]
  if (!found) throw new Error(`nothing was recorded of ${name}`)
  return found
}

interface Ids {
  lineage?: string
  serial?: number
  network?: string
  pool?: string
}
function idsOf(state: string): Ids {
  if (state === '') return {}
  const { lineage, serial, resources } = JSON.parse(state) as {
    lineage: string
    serial: number
    resources: { instances: { attributes: { id: string } }[] }[]
  }
  const [network, pool] = resources.map(({ instances: [first] }) => first?.attributes.id ?? '')
  return { lineage, serial, ...(network && { network }), ...(pool && { pool }) }
}

/** What differs from one region and one moment to another is a place to be filled. */
function template(text: string, here: Ids, before: Ids = {}): string {
  const places: [string | undefined, string][] = [
    [here.network, 'network-id'],
    [here.pool, 'pool-id'],
    [before.pool === here.pool ? undefined : before.pool, 'old-pool-id'],
    [here.lineage, 'lineage'],
  ]
  return places
    .reduce(
      (filled, [value, name]) => (value === undefined ? filled : filled.replaceAll(value, `{{${name}}}`)),
      text,
    )
    .replaceAll(REGION, '{{region}}')
    .replaceAll(SIZE, '{{size}}')
    .replaceAll('1.10.6-dev', '1.10.6')
    .replaceAll('quota exceeded', '{{answer}}')
    .replace(/("answer":\{"value":)"ok"/g, '$1"{{answer}}"')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '{{now}}')
}

const endOf = (name: string, before: Ids) => {
  const { stdout, state } = answerOf(name)
  const after = idsOf(state)
  return {
    stream: template(stdout, after, before),
    written: template(state, after, before).replace(`"serial":${after.serial}`, '"serial":{{serial}}'),
  }
}
/** @param made by the call before: what stands when it is planned */
const planned = (situation: string, call: string, before: Ids) => ({
  plan: template(answerOf(`${situation} plan${call}`).stdout, before),
  show: template(answerOf(`${situation} show${call}`).stdout, before),
})

const begun = idsOf(answerOf('nothing refused').state)
const begunAgain = idsOf(answerOf('begun refused').state)
const made = idsOf(answerOf('begun applied').state)
const recording = {
  configuration: createHash('sha256')
    .update(await readFile(CONFIGURATION))
    .digest('hex'),
  version: template(answerOf('version').stdout, {}),
  'version in JSON': template(answerOf('version in JSON').stdout, {}),
  init: answerOf('init').stdout,
  pulled: answerOf('pulled').stdout,
  nothing: {
    ...planned('nothing', ' refused', {}),
    state: answerOf('nothing state').stdout,
    refused: endOf('nothing refused', {}),
    applied: endOf('nothing applied', {}),
  },
  begun: {
    ...planned('begun', ' applied', begunAgain),
    state: template(answerOf('begun state').stdout, begun),
    refused: endOf('begun refused', begun),
    applied: endOf('begun applied', begunAgain),
  },
  made: { ...planned('made', '', made), state: template(answerOf('made state').stdout, made) },
}
await writeFile(
  join(process.cwd(), 'packages/rehearsal/recorded/recording.json'),
  `${JSON.stringify(recording, null, 2)}\n`,
)
