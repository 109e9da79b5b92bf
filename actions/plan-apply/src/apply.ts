import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Cancelled, escapeText, InputError, messageOf, table, type Ports } from '@deploy-actions/action-kit'
import {
  changesOf,
  differing,
  digestsOf,
  driftOf,
  ephemeralVariablesOf,
  failureReasonOf,
  fingerprintKey,
  mismatchesOf,
  openFolder,
  openPlan,
  outputNamesOf,
  SensitiveTexts,
  sensitiveTextsOf,
  Tampered,
  violationsOf,
  type Ended,
  type FailureReason,
  type Manifest,
  type PlanJson,
  type Verb,
  type WorkingFolder,
} from '@deploy-actions/terraform'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { firstError, inPrivateFolder, makePlan, policyOf, step } from './plan'
import { openPlanStore, type PlanStore } from './plan-store'
import { freeLock } from './lock'
import { ERRORED, isLeft, rescuedSentence, rescueState, type Rescued } from './rescue'
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
  sha256,
  toolPlaceOf,
  type Session,
} from './session'
import { noteStack } from './stack-records'
import { saveEnded, saveInterrupted, saveUnderWay, startOf, type UnderWay } from './under-way'

/** The plan in clear, in a folder that is gone with the step. */
interface Proven {
  file: string
  folder: string
  json: PlanJson
}

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
    mustBeAllowed(session, approved, json)
    await mustHaveNoLeftover(session)
    if (inputs.verify === 'replan') await mustStillPlanTheSame(session, approved, json, join(folder, 'again'))
    if (inputs['dry-run'])
      return { outcome: 'would-apply', reason: 'the plan could be applied; nothing was, with dry-run' }
    if (inputs.transaction !== undefined)
      await (await import('./still-open')).mustStillBeOpen(inputs.transaction, ports)
    await use(approved)
    return applyPlan(session, approved, { file, folder, json })
  })
}

/** What this step forbids although it was approved. Whether the plan is the whole was for whoever approved it. */
function mustBeAllowed({ inputs }: Session, { about }: Approved, json: PlanJson): void {
  const secrets = sensitiveTextsOf(json)
  const isTargeted = about.planning.targets.length > 0
  const judged = { plan: json, changes: changesOf(json), drift: driftOf(json), isTargeted }
  const violations = violationsOf(judged, { ...policyOf(inputs), requireComplete: false })
  if (violations.length > 0)
    throw failed(
      `the plan is refused: ${violations.map((one) => secrets.clean(one)).join('; ')}`,
      'policy-violation',
    )
  const known = new Set(outputNamesOf(json))
  const unknown = inputs['export-outputs'].filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new InputError([
      {
        where: 'input `export-outputs`',
        message: `${unknown.join(', ')}: the configuration has no such output; nothing was applied`,
      },
    ])
}

/** A state that an earlier apply has left would be taken for the one of this. */
async function mustHaveNoLeftover({ folder, inputs }: Session): Promise<void> {
  if (await isLeft(folder))
    throw failed(
      `${ERRORED} lies in ${inputs.path} from an earlier apply, and nobody knows whether its backend has it: push it by hand (state push ${ERRORED}) or remove it; nothing was applied`,
      'state-save-failed',
    )
}

/** A job that is run again by itself would be handed the same plan. */
const PLAN_AGAIN = 'plan again: run all jobs again, not only those that failed'

/** Of two that come at once, one is told that the other has it. */
async function use({ store, id }: Approved): Promise<void> {
  try {
    await store.use(id)
  } catch (error) {
    if (await store.wasUsed(id)) throw alreadyUsed()
    throw error
  }
}

const alreadyUsed = (): Error =>
  failed(`the plan was applied before, or an apply of it was begun; ${PLAN_AGAIN}`, 'plan-used')

/** All that can be known without the tool. @throws GateFailed with the reason */
async function approvedPlan(inputs: Inputs, ports: Ports): Promise<Approved> {
  const { planKey = '', environment } = secretsOf(inputs, ports)
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
  mustMatch(mismatchesOf(about, await placeOf({ inputs, ports, key, environment })))
  if (ports.clock.now().getTime() >= Date.parse(about.expiresAt))
    throw failed(
      `the plan of ${about.createdAt} was to be applied before ${about.expiresAt}; ${PLAN_AGAIN}`,
      'plan-expired',
    )
  if (await store.wasUsed(id)) throw alreadyUsed()
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
        `the state was written since: the plan was made against serial ${about.state.serial}, and it is ${serial}; ${PLAN_AGAIN}`,
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
    `planned once more, ${changed.length} changes are others than were approved: ${changed.slice(0, 5).join(', ')}; ${PLAN_AGAIN}, or, where it is another one each time, as with plantimestamp(), apply with verify: state`,
    'plan-changed',
  )
}

async function applyPlan(
  session: Session,
  approved: Approved,
  { file, folder, json }: Proven,
): Promise<Outputs> {
  const { inputs, ports, tool } = session
  const secrets = sensitiveTextsOf(json, ports.secrets.values())
  ports.signal.addEventListener('abort', () => saveInterrupted(ports))
  const one = underWay(session, approved, folder)
  let noted: Promise<void> | undefined
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
        saveUnderWay(ports, { ...one, pid: given })
        noted = startOf(given).then((startedAt) =>
          saveUnderWay(ports, { ...one, pid: given, ...(startedAt !== undefined && { startedAt }) }),
        )
      },
    },
    progress: (line) => ports.log.info(secrets.clean(line)),
  })
  await noted
  if (pid !== undefined && isGroupAlive(pid))
    ports.log.warning('what its provisioners have started is still running, and the end of the job ends it')
  const kept = uncancelled(session)
  const all = await withMade(secrets, ended, kept)
  const told = tellApplied(session, ended, all, json)
  const lock = hasLeftLock(ended) ? await freeLock(one, kept, ended.applied) : ''
  const { place, home } = one
  const rescued = await rescueState(
    {
      ...{ tool: kept, folder: session.folder, planKey: session.planKey ?? '', store: inputs['plan-store'] },
      ...{ place, home, pausesMs: PAUSES_MS },
    },
    ports,
  )
  saveEnded(ports)
  if (!isWhole(ended, rescued)) throw notApplied(session, { ended, secrets: all, told, rescued, lock })
  const serial = await kept.state().then(
    (state) => state.serial,
    () => undefined,
  )
  await noteStack(inputs, 'applied', ports).catch((error: unknown) =>
    ports.log.warning(
      `it was applied, and what needs it in this run will not know that: ${messageOf(error)}`,
    ),
  )
  const reason = [
    `applied as approved: ${told.done.length} of ${told.done.length + told.undone.length} objects`,
    rescuedSentence(rescued),
    ...(serial === undefined ? ['the state could not be read after that'] : []),
  ]
    .filter(Boolean)
    .join('; ')
  ports.log.info(reason)
  warn(session, ended, all)
  showApplied(session, reason, told)
  return {
    outcome: 'applied',
    reason,
    ...(serial !== undefined && { 'state-serial': serial }),
    ...(await exported(session, all)),
  }
}

/** From one try to push a state to the next. */
const PAUSES_MS = [0, 5_000, 20_000, 60_000] as const

/** The tool was killed, or could not free its lock: nobody else will. */
const hasLeftLock = ({ exitCode, applied }: Ended): boolean =>
  exitCode === null || applied.diagnostics.some(({ summary }) => /releasing the state lock/i.test(summary))

/** Of an apply that failed, what it says may hold secrets that it has made: those are in the state, and in no plan. */
async function withMade(secrets: SensitiveTexts, { applied, exitCode }: Ended, tool: WorkingFolder) {
  if (exitCode === 0 && applied.diagnostics.length === 0) return secrets
  const made = await tool.secretsOfState().catch(() => undefined)
  return made ? new SensitiveTexts([...secrets.values, ...made.values]) : secrets
}

/** What the tool warns of although it succeeds, such as checks that fail by now. */
function warn({ ports }: Session, { applied }: Ended, secrets: SensitiveTexts): void {
  const warnings = applied.diagnostics.filter(({ severity }) => severity === 'warning')
  if (warnings.length === 0) return
  const lines = warnings.map(({ summary, detail }) => secrets.clean(`${summary}: ${detail}`))
  ports.log.foreign('the tool warns', lines.join('\n'))
  ports.log.warning(`the tool warns of ${lines.length}: ${lines[0] ?? ''}`)
  ports.summary.add(`**The tool warns**\n\n${lines.map((line) => `- ${escapeText(line)}`).join('\n')}`)
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
function isWhole({ exitCode, ended, applied }: Ended, { how }: Rescued): boolean {
  if (how === 'none') return exitCode === 0 && applied.summary !== undefined
  const errors = applied.diagnostics.filter(({ severity }) => severity === 'error')
  const isToItsEnd =
    ended === 'exit' && exitCode !== null && applied.begun.size === 0 && applied.failed.size === 0
  const isOnlyUnsaved = errors.length > 0 && errors.every(({ summary }) => UNSAVED.test(summary))
  return how === 'saved' && isToItsEnd && isOnlyUnsaved
}
const UNSAVED = /Failed to (save|persist) state/

/** What is done once the tool has ended is not ended by whoever cancels the run. */
const uncancelled = ({ program, folder, environment, ports }: Session): WorkingFolder =>
  openFolder(program, { folder, environment }, ports, new AbortController().signal)

function underWay(
  { inputs, program, folder, ports }: Session,
  { about }: Approved,
  files: string,
): Omit<UnderWay, 'pid' | 'startedAt'> {
  return {
    ...{ program, folder, files, began: ports.clock.now().toISOString() },
    ...{ toolSecrets: inputs['tool-secrets'], planKeySecret: inputs['plan-key-secret'] ?? '' },
    ...{ store: inputs['plan-store'], place: placeName(inputs), oidc: inputs.oidc },
    varFiles: about.varFiles.map(({ path }) => fromFolder(inputs, path)),
    home: { path: inputs.path, workspace: inputs.workspace, backend: about.backend.fingerprint },
  }
}

type Told = ReturnType<typeof tellApplied>

const WORDS: Readonly<Record<keyof Told, string>> = {
  lost: 'destroyed, not made anew',
  failed: 'failed',
  unknown: 'begun, not known whether done',
  undone: 'not begun',
  done: 'done',
}

/** So many of each are named in a summary; all of them are in the evidence. */
const MOST_SHOWN = 500

function showApplied({ ports, inputs }: Session, reason: string, told: Told): void {
  const rows = (['lost', 'failed', 'unknown', 'undone', 'done'] as const).flatMap((how) =>
    told[how].slice(0, MOST_SHOWN).map((address) => [WORDS[how], address]),
  )
  ports.summary.add(
    [
      `### Apply for ${escapeText(placeName(inputs))}`,
      escapeText(reason),
      ...(rows.length > 0 ? [table(['', 'Address'], rows)] : []),
    ].join('\n\n'),
  )
}

/** What an apply that did not succeed has come to. */
interface End {
  ended: Ended
  secrets: SensitiveTexts
  told: Told
  rescued: Rescued
  /** what came of the lock; empty where the tool has freed it */
  lock: string
}

/** Why it was not applied to its end, and what that leaves. */
function notApplied(session: Session, { ended, secrets, told, rescued, lock: freed }: End): Error {
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
    ...(told.lost.length > 0 ? [`${told.lost.length} destroyed and not made anew`] : []),
    ...(told.unknown.length > 0
      ? [`${told.unknown.length} begun, of which nobody knows whether they were done`]
      : []),
    `${told.undone.length} not begun`,
  ].join(', ')
  const sentence = [
    `${how(ended)}: ${left}`,
    ...[firstError(said), rescuedSentence(rescued), freed].filter(Boolean),
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
        : 'the infrastructure was not applied to its end'

function reasonOf({ ended }: Ended, said: string, { done, unknown, lost }: Told): FailureReason {
  if (ended === 'cancelled') return 'cancelled'
  const reason = failureReasonOf('apply', said)
  const some = done.length + unknown.length + lost.length > 0
  return reason === 'apply-failed' && some ? 'apply-partial' : reason
}

/** The outputs that were asked for. @throws GateFailed for one that is sensitive, or is not there */
async function exported(
  { inputs, tool }: Session,
  secrets: SensitiveTexts,
): Promise<Pick<Outputs, 'outputs'>> {
  const names = inputs['export-outputs']
  if (names.length === 0) return {}
  const all = await tool.outputs()
  const holdsSecret = (value: unknown): boolean => secrets.cleanJson(value) !== JSON.stringify(value)
  const wrong = names.filter((name) => all[name]?.sensitive !== false || holdsSecret(all[name].value))
  if (wrong.length > 0)
    throw failed(
      `applied as approved, but export-outputs names what is sensitive, or holds what is: ${wrong.join(', ')}`,
      'apply-failed',
    )
  return { outputs: Object.fromEntries(names.map((name) => [name, all[name]?.value])) }
}

/** Of these the tool does not say that they are done. */
const UNTOLD: readonly Verb[] = ['move', 'forget', 'import', 'read']

/** What of the plan was done, failed, and was not reached: for people, and for the evidence. */
function tellApplied({ ports }: Session, { applied }: Ended, secrets: SensitiveTexts, planned: PlanJson) {
  const changes = changesOf(planned)
  const actionsOf = (address: string): string => applied.done.get(address) ?? ''
  // A replacement is two actions; an object that is gone and was not made anew is what people must know first.
  const isReplaced = (address: string): boolean =>
    /delete.*create|create.*delete|replace/.test(actionsOf(address))
  const halves = changes
    .filter(
      ({ address, verb, destroys, deposed }) =>
        verb === 'replace' && destroys && deposed === undefined && !isReplaced(address),
    )
    .map(({ address }) => address)
  const lost = halves.filter((address) => actionsOf(address).includes('delete'))
  const of = (addresses: Iterable<string>): string[] => [...addresses].filter((one) => !lost.includes(one))
  const failedOnes = of(applied.failed.keys())
  const done = of(applied.done.keys()).filter((one) => !halves.includes(one) && !applied.failed.has(one))
  // What was begun and not done may have been done all the same, where the answer was lost.
  const unknown = of(applied.begun.keys())
  const reached = new Set([...lost, ...done, ...failedOnes, ...unknown])
  const undone = changes
    .filter(({ verb }) => !UNTOLD.includes(verb))
    .map(({ address }) => address)
    .filter((address) => !reached.has(address))
  const told = { lost, done, failed: failedOnes, unknown, undone }
  const cleaned = Object.fromEntries(
    Object.entries(told).map(([key, list]) => [key, list.map((one) => secrets.clean(one))]),
  ) as typeof told
  ports.evidence.facts({ applied: cleaned })
  return cleaned
}
