import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Cancelled, escapeText, table, type Ports } from '@deploy-actions/action-kit'
import {
  changesOf,
  differing,
  digestsOf,
  ephemeralVariablesOf,
  failureReasonOf,
  fingerprintKey,
  mismatchesOf,
  openFolder,
  openPlan,
  SensitiveTexts,
  sensitiveTextsOf,
  Tampered,
  type Ended,
  type FailureReason,
  type Manifest,
  type PlanJson,
  type WorkingFolder,
} from '@deploy-actions/terraform'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { firstError, inPrivateFolder, makePlan, sha256, step } from './plan'
import { openPlanStore, type PlanStore } from './plan-store'
import { rescuedSentence, rescueState, type Rescued } from './rescue'
import {
  clean,
  configurationOf,
  failed,
  fromFolder,
  initialise,
  openSession,
  placeOf,
  secretsOf,
  placeName,
  toolPlaceOf,
  type Session,
} from './session'
import { saveEnded, saveInterrupted, saveUnderWay, type UnderWay } from './under-way'

/** An approved plan, proven to be the one that was sealed, and for here. */
interface Approved {
  id: string
  about: Manifest
  plan: Buffer
  store: PlanStore
}

/** Applies exactly the plan that was approved, once. */
export async function apply(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const approved = await approvedPlan(inputs, ports)
  const session = await openSession(inputs, ports)
  return inPrivateFolder(session, async (folder) => {
    const file = join(folder, 'plan')
    await writeFile(file, approved.plan, { mode: 0o600 })
    const json = await proven(session, approved, file)
    if (inputs.verify === 'replan') await mustStillPlanTheSame(session, approved, json, join(folder, 'again'))
    if (inputs['dry-run'])
      return { outcome: 'would-apply', reason: 'the plan could be applied; nothing was, with dry-run' }
    await approved.store.use(approved.id)
    return applyPlan(session, file, folder, json)
  })
}

/** All that can be known without the tool. @throws GateFailed with the reason */
async function approvedPlan(inputs: Inputs, ports: Ports): Promise<Approved> {
  const { planKey = '' } = secretsOf(inputs, ports)
  const id = inputs['plan-id'] ?? ''
  const store = openPlanStore(inputs['plan-store'], '', ports)
  const stored = await store.get(id)
  if (!stored)
    throw failed(`this run has no plan ${id}; a plan is applied by the run that made it`, 'plan-not-found')
  if (sha256(stored.sealed) !== inputs['plan-sha256'])
    throw failed(
      `plan ${id} is not the one that was approved: its digest is ${sha256(stored.sealed)}`,
      'plan-tampered',
    )
  const { plan, about } = await openPlan(stored.sealed, stored.manifest, planKey).catch((error: unknown) => {
    if (error instanceof Tampered) throw failed(`plan ${id}: ${error.message}`, 'plan-tampered')
    throw error
  })
  const key = await fingerprintKey(planKey, `${ports.context.owner}/${ports.context.repo}`)
  mustMatch(mismatchesOf(about, await placeOf({ inputs, ports, key })))
  if (ports.clock.now().getTime() >= Date.parse(about.expiresAt))
    throw failed(
      `the plan of ${about.createdAt} was to be applied before ${about.expiresAt}; plan again`,
      'plan-expired',
    )
  if (await store.wasUsed(id))
    throw failed('the plan was applied before, or an apply of it was begun; plan again', 'plan-used')
  return { id, about, plan, store }
}

function mustMatch(mismatches: readonly string[]): void {
  if (mismatches.length > 0)
    throw failed(`the plan is not for here: ${mismatches.join('; ')}`, 'plan-mismatch')
}

/** What the tool alone knows: its version, the backend that it has, the state. @returns what the plan does */
async function proven(session: Session, { about }: Approved, file: string): Promise<PlanJson> {
  const { tool, program } = session
  mustMatch(mismatchesOf(about, { tool: program.kind, toolVersion: program.version }))
  return step(session, async () => {
    await initialise(session)
    mustMatch(
      mismatchesOf(
        about,
        await toolPlaceOf(
          session,
          about.varFiles.map(({ path }) => path),
        ),
      ),
    )
    if ((await configurationOf(session.folder)) !== about.configuration)
      session.ports.log.warning(
        'the configuration is not the one that was planned: what is applied is what was approved, with the scripts and files of now',
      )
    const { lineage, serial } = await tool.state()
    if (lineage !== about.state.lineage)
      throw failed('the plan was made against another state, of another lineage', 'plan-mismatch')
    if (serial !== about.state.serial)
      throw failed(
        `the state was written since: the plan was made against serial ${about.state.serial}, and it is ${serial}; plan again`,
        'plan-stale',
      )
    return tool.show(file)
  })
}

/** The tool does not notice what changed outside since, and would apply the plan in parts: it is planned once more. */
async function mustStillPlanTheSame(
  session: Session,
  { about: { planning, varFiles } }: Approved,
  approved: PlanJson,
  file: string,
): Promise<void> {
  const { inputs } = session
  const again = await makePlan(
    session,
    {
      ...planning,
      varFiles: varFiles.map(({ path }) => fromFolder(inputs, path)),
      lock: true,
      lockTimeoutMs: inputs['lock-timeout'],
      parallelism: inputs.parallelism,
    },
    file,
  )
  const secrets = new SensitiveTexts([...again.secrets.values, ...sensitiveTextsOf(approved).values])
  const [before, after] = [approved, again.json].map((json) => digestsOf(json, secrets, session.key))
  const changed = differing(before ?? new Map(), after ?? new Map()).map((address) => secrets.clean(address))
  if (changed.length === 0) return
  session.ports.summary.add(
    `### The plan is no longer what was approved\n\n${table(
      ['Address'],
      changed.map((one) => [one]),
    )}`,
  )
  throw failed(
    `planned once more, ${changed.length} changes are others than were approved: ${changed.slice(0, 5).join(', ')}; plan again`,
    'plan-changed',
  )
}

async function applyPlan(session: Session, file: string, folder: string, json: PlanJson): Promise<Outputs> {
  const { inputs, ports, tool } = session
  const secrets = sensitiveTextsOf(json, ports.secrets.values())
  ports.signal.addEventListener('abort', () => saveInterrupted(ports))
  let pid: number | undefined
  const ended = await tool.apply(file, {
    lockTimeoutMs: inputs['lock-timeout'],
    parallelism: inputs.parallelism,
    timeoutMs: inputs.timeout,
    ephemeral: ephemeralVariablesOf(json),
    lasting: {
      stdout: join(folder, 'stdout'),
      stderr: join(folder, 'stderr'),
      started: (given) => {
        pid = given
        saveUnderWay(ports, underWay(session, given, folder))
      },
    },
    progress: (line) => ports.log.info(secrets.clean(line)),
  })
  if (pid !== undefined && isGroupAlive(pid))
    ports.log.warning('what its provisioners have started is still running, and the end of the job ends it')
  const told = tellApplied(session, ended, secrets, json)
  const kept = uncancelled(session)
  const rescued = await rescueState(
    {
      tool: kept,
      folder: session.folder,
      planKey: session.planKey ?? '',
      store: inputs['plan-store'],
      place: placeName(inputs),
    },
    ports,
  )
  saveEnded(ports)
  if (!isWhole(ended, rescued)) throw notApplied(session, { ended, secrets, told, rescued })
  const { serial } = await kept.state()
  const reason = [
    `applied as approved: ${told.done.length} of ${told.done.length + told.undone.length} objects`,
    rescuedSentence(rescued),
  ]
    .filter(Boolean)
    .join('; ')
  ports.log.info(reason)
  showApplied(session, reason, told)
  return { outcome: 'applied', reason, 'state-serial': serial, ...(await exported(session)) }
}

/** The tool leads a group of its own, to which all that it starts belongs. */
function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    return false
  }
}

/** To its end, and the state is where it belongs: a backend that took it at the second try has it. */
const isWhole = ({ exitCode, applied }: Ended, { how }: Rescued): boolean =>
  how === 'saved'
    ? applied.diagnostics.every(
        ({ severity, summary }) => severity !== 'error' || /Failed to (save|persist) state/.test(summary),
      )
    : how === 'none' && exitCode === 0 && applied.summary !== undefined

/** What is done once the tool has ended is not ended by whoever cancels the run. */
const uncancelled = ({ program, folder, environment, ports }: Session): WorkingFolder =>
  openFolder(program, { folder, environment }, ports, new AbortController().signal)

const underWay = ({ inputs, program, folder, ports }: Session, pid: number, files: string): UnderWay => ({
  ...{ pid, program, folder, files, began: ports.clock.now().toISOString() },
  ...{ toolSecrets: inputs['tool-secrets'], planKeySecret: inputs['plan-key-secret'] ?? '' },
  ...{ store: inputs['plan-store'], place: placeName(inputs) },
})

type Told = ReturnType<typeof tellApplied>

/** So many of each are named in a summary; all of them are in the evidence. */
const MOST_SHOWN = 500

function showApplied({ ports, inputs }: Session, reason: string, told: Told): void {
  const rows = (['failed', 'unknown', 'undone', 'done'] as const).flatMap((how) =>
    told[how].slice(0, MOST_SHOWN).map((address) => [how, address]),
  )
  ports.summary.add(
    [
      `### Apply for ${escapeText(placeName(inputs))}`,
      escapeText(reason),
      ...(rows.length > 0 ? [table(['', 'Address'], rows)] : []),
    ].join('\n\n'),
  )
}

/** Why it was not applied to its end, and what that leaves. */
function notApplied(
  session: Session,
  { ended, secrets, told, rescued }: { ended: Ended; secrets: SensitiveTexts; told: Told; rescued: Rescued },
): Error {
  const { ports } = session
  const { diagnostics, foreign, lock } = ended.applied
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const said = secrets
    .clean(
      clean(
        ports,
        [...errors.map(({ summary, detail }) => `${summary}: ${detail}`), ...foreign, ended.stderr].join(
          '\n',
        ),
      ),
    )
    .trim()
  if (said !== '') ports.log.foreign('what the tool said', said)
  const because =
    rescued.how === 'kept' || rescued.how === 'lost' ? 'state-save-failed' : reasonOf(ended, said, told)
  const left = [
    `${told.done.length} done`,
    ...(told.failed.length > 0 ? [`${told.failed.length} failed`] : []),
    ...(told.unknown.length > 0
      ? [`${told.unknown.length} begun, of which nobody knows whether they were done`]
      : []),
    `${told.undone.length} not begun`,
  ].join(', ')
  const sentence = [
    `${how(ended)}: ${left}`,
    ...[firstError(said), rescuedSentence(rescued)].filter(Boolean),
    'this plan cannot be applied again: plan once more, and have that approved',
  ].join('; ')
  showApplied(session, sentence, told)
  const outputs = { 'failure-reason': because, ...(lock && { 'lock-info': { ...lock } }) }
  return because === 'cancelled' ? new Cancelled(sentence, { outputs }) : failed(sentence, because, outputs)
}

const how = ({ ended, exitCode }: Ended): string =>
  ended === 'cancelled'
    ? 'the run was cancelled, and the tool was asked to stop'
    : ended === 'timeout'
      ? 'it took too long, and the tool was asked to stop'
      : exitCode === null
        ? 'the tool was killed'
        : 'it was not applied to its end'

function reasonOf(
  { ended }: Ended,
  said: string,
  { done, failed: failedOnes, unknown }: Told,
): FailureReason {
  if (ended === 'cancelled') return 'cancelled'
  const reason = failureReasonOf('apply', said)
  const some = done.length > 0 || unknown.length > 0 || failedOnes.length > 0
  return reason === 'apply-failed' && some && done.length + unknown.length > 0 ? 'apply-partial' : reason
}

/** The outputs that were asked for. @throws GateFailed for one that is sensitive, or is not there */
async function exported({ inputs, tool }: Session): Promise<Pick<Outputs, 'outputs'>> {
  const names = inputs['export-outputs']
  if (names.length === 0) return {}
  const all = await tool.outputs()
  const wrong = names.filter((name) => all[name]?.sensitive !== false)
  if (wrong.length > 0)
    throw failed(
      `applied, but export-outputs names what is sensitive or not an output: ${wrong.join(', ')}`,
      'apply-failed',
    )
  return { outputs: Object.fromEntries(names.map((name) => [name, all[name]?.value])) }
}

/** What of the plan was done, failed, and was not reached: for people, and for the evidence. */
function tellApplied({ ports }: Session, { applied }: Ended, secrets: SensitiveTexts, planned: PlanJson) {
  const done = [...applied.done.keys()]
  const failedOnes = [...applied.failed.keys()]
  // What was begun and not done may have been done all the same, where the answer was lost.
  const unknown = [...applied.begun.keys()]
  const reached = new Set([...done, ...failedOnes, ...unknown])
  const undone = changesOf(planned)
    .filter(({ verb }) => verb !== 'move' && verb !== 'forget')
    .map(({ address }) => address)
    .filter((address) => !reached.has(address))
  const told = { done, failed: failedOnes, unknown, undone }
  const cleaned = Object.fromEntries(
    Object.entries(told).map(([key, list]) => [key, list.map((one) => secrets.clean(one))]),
  ) as typeof told
  ports.evidence.facts({ applied: cleaned })
  return cleaned
}
