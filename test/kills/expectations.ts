import { writesToRouter } from './call'
import type { Switchboard } from './switchboard'
import { SHARES, type Ended, type World } from './world'

/** How a target may be left: each is whole. */
export type End = 'restored' | 'promoted' | 'resolved'

const BLUE = { blue: 100, green: 0 }
const GREEN = { blue: 0, green: 100 }

const share = ({ blue = 0, green = 0 }: Record<string, number>): 'blue' | 'green' | 'both' =>
  green === 0 && blue > 0 ? 'blue' : blue === 0 && green > 0 ? 'green' : 'both'

/** What an outcome claims: which arm has all the traffic, and what the ledger says, right after the step. */
const CLAIMS: Record<string, { arm: 'blue' | 'green'; ledger?: string[] }> = {
  begun: { arm: 'blue', ledger: ['open'] },
  'already-committed': { arm: 'green', ledger: ['committed'] },
  promoted: { arm: 'green' },
  committed: { arm: 'green', ledger: ['committed'] },
  restored: { arm: 'blue' },
  'traffic-restored': { arm: 'blue' },
  resolved: { arm: 'blue', ledger: ['resolved'] },
  changed: { arm: 'green' },
}

/** Said of traffic that is back and was read back. */
const SAYS_BACK =
  /restored and verified|is back at its restore point|the traffic of \S+ is back:|Traffic was verified|: traffic restored:|is back at blue/

/** GitHub's own client unpacks artifacts with a library that Node warns of. */
const KNOWN_WARNING = /^\(node:\d+\) \[DEP0005\].*\n\(Use .*\n?/gm

/** An error that nobody has put into words. */
const CRASHED =
  /^::error::.*(TypeError|ReferenceError|ZodError|Cannot read propert|is not a function|invalid_type)/m

/** What a step says that is not so, by the router and the ledger right after it. */
export async function untruths(ended: Ended, world: World): Promise<string[]> {
  const { step, outputs, weights, ledger, stdout, stderr, summary, exitCode } = ended
  const at = `${step.name} (exit ${String(exitCode)}, ${outputs['outcome'] ?? 'no outcome'})`
  const arm = share(weights)
  const said: string[] = []
  if (ended.hung) said.push(`${at} did not end`)
  const wrote = stderr.replace(KNOWN_WARNING, '')
  if (wrote !== '') said.push(`${at} wrote to stderr: ${wrote}`)
  if (CRASHED.test(stdout)) said.push(`${at} crashed: ${outputs['reason'] ?? ''}`)
  if (SAYS_BACK.test(`${stdout}\n${summary}`) && arm !== 'blue')
    said.push(`${at} says that the traffic is back, and the router reads ${JSON.stringify(weights)}`)
  if (outputs['rollback-verified'] === 'true' && arm !== 'blue')
    said.push(`${at} gives rollback-verified, and the router reads ${JSON.stringify(weights)}`)
  const movesShare = step.inputs['mode']?.endsWith('-share') ?? false
  const claim = exitCode === 0 && !movesShare ? CLAIMS[outputs['outcome'] ?? ''] : undefined
  if (claim && arm !== claim.arm) said.push(`${at}, and the router reads ${JSON.stringify(weights)}`)
  if (claim?.ledger && !claim.ledger.includes(ledger[0]?.state ?? 'nothing'))
    said.push(`${at}, and the ledger says ${ledger[0]?.note ?? 'nothing'}`)
  return [...said, ...(await untoldEvidence(ended, at, world))]
}

/** A main that ended by itself tells its outcome, and keeps evidence of the same. */
async function untoldEvidence(ended: Ended, at: string, world: World): Promise<string[]> {
  const { step, outputs, exitCode } = ended
  if (exitCode === null || step.post) return []
  if (!outputs['outcome'] || !outputs['reason']) return [`${at} gave no outcome or no reason`]
  const record = await world.evidenceOf(ended)
  const same = record?.['outcome'] === outputs['outcome'] && record['reason'] === outputs['reason']
  return same ? [] : [`${at} kept evidence of something else: ${JSON.stringify(record?.['outcome'])}`]
}

/**
 * Before any guard: a post leaves no traffic of what its job has not committed, and none on a step of what is taken back;
 * what was committed and has not stepped back yet is for the jobs that follow.
 */
export function leftByPost({ step, weights, ledger }: Ended): string[] {
  if (!step.post || share(weights) === 'blue' || ledger[0]?.state === 'committed') return []
  if (step.of.run === 'emergency' && share(weights) === 'green') return []
  return [`${step.name} left ${JSON.stringify(weights)} with ${ledger[0]?.note ?? 'nothing in the ledger'}`]
}

/** A cancelled step ends by itself, before it is ended by force, and writes nothing to the router any more. */
export function wentOn({ killed, callsAfter }: Switchboard): string[] {
  const writes = callsAfter.filter(writesToRouter)
  return [
    ...(killed ? ['it went on after SIGINT and SIGTERM, until it was killed'] : []),
    ...(writes.length > 0 ? [`it wrote to the router ${writes.length} times after SIGINT`] : []),
  ]
}

/** How the target was left, or what about it is not whole. @param isFree asked where the ledger shows no end */
export async function endOf(
  world: World,
  isFree: () => Promise<boolean>,
): Promise<{ end: End } | { broken: string }> {
  const weights = await world.weights()
  const { ledger } = world
  const [newest, ...older] = ledger
  const { shares } = world
  const shown = JSON.stringify({ weights, shares, ledger: ledger.map(({ note }) => note) })
  const closed = ['restored', 'superseded', 'committed', 'resolved']
  const open = older.find(({ state }) => !closed.includes(state) && state !== 'unmarked')
  if (open) return { broken: `${open.id} is still ${open.note}: ${shown}` }
  // However it ends, the region has its share of the global traffic.
  if (JSON.stringify(shares) !== JSON.stringify(SHARES)) return { broken: shown }
  const isAt = (wanted: Record<string, number>): boolean => JSON.stringify(weights) === JSON.stringify(wanted)
  if (newest?.state === 'committed') return isAt(GREEN) ? { end: 'promoted' } : { broken: shown }
  if (!isAt(BLUE)) return { broken: shown }
  if (newest === undefined || newest.state === 'restored') return { end: 'restored' }
  if (newest.state === 'resolved') return { end: 'resolved' }
  if (newest.state !== 'superseded' && newest.state !== 'unmarked') return { broken: shown }
  return (await isFree()) ? { end: 'restored' } : { broken: `the next rollout is not let in: ${shown}` }
}

/** Scripts that ran too often, at the wrong time, or not at all. */
export function misrun(
  world: World,
  { end, attempts, mayRepeat }: { end: End; attempts: number; mayRepeat: boolean },
): string[] {
  const count = (name: string): number => world.ran.filter(({ script }) => script === name).length
  const said: string[] = []
  if (count('deploy') > attempts) said.push(`the deploy script ran ${count('deploy')} times`)
  // A restorer that died in the middle of it leaves it to the next one.
  const restores = attempts - 1 + (end === 'promoted' ? 0 : 1) + (mayRepeat ? 1 : 0)
  if (count('restore') > restores) said.push(`the restore script ran ${count('restore')} times`)
  if (end === 'restored' && count('deploy') > 0 && count('restore') === 0)
    said.push('the deploy script ran, and its restore did not')
  for (const { script, arm, weights } of world.ran)
    if ((weights[arm] ?? 0) > 0)
      said.push(`the ${script} script wrote to ${arm} under traffic: ${JSON.stringify(weights)}`)
  return said
}
