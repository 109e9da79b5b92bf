import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Cancelled, messageOf } from '@deploy-actions/action-kit'
import {
  changesOf,
  countsOf,
  driftOf,
  failedChecksOf,
  hasChanges,
  idlePatterns,
  NOT_WHOLE,
  outputChangesOf,
  planDigest,
  plannedOutputsOf,
  sealPlan,
  sensitiveTextsOf,
  StepFailed,
  violationsOf,
  type Change,
  type Diagnostic,
  type Manifest,
  type PlanJson,
  type Planning,
  type SensitiveTexts,
  type StateMark,
} from '@deploy-actions/terraform'
import type { Inputs } from './inputs'
import { namedOutputs, toldOutputs } from './named-outputs'
import type { Outputs } from './outputs'
import { openPlanStore } from './plan-store'
import {
  clean,
  configurationOf,
  failed,
  fromFolder,
  initialise,
  placeName,
  placeOf,
  sha256,
  toolPlaceOf,
  type Session,
} from './session'
import { mustHaveNeeds, noteStack } from './stack-records'
import { countsLine, planSummary, type Shown } from './summary'
import { saveFolder } from './under-way'

/** A plan that was made and read. */
export interface Made {
  file: string
  json: PlanJson
  changes: Change[]
  drift: Change[]
  secrets: SensitiveTexts
  state: StateMark
}

/** Plans, judges, tells, and keeps the plan sealed for who approves it. */
export async function plan(session: Session): Promise<Outputs> {
  const { inputs, ports } = session
  await mustHaveNeeds(inputs, ports)
  return inPrivateFolder(session, async (folder) => {
    const made = await makePlan(session, planningOf(inputs), join(folder, 'plan'))
    const refusal = inputs['policy-script']
      ? await (await import('./policy-script')).scriptViolation(session, made, folder)
      : undefined
    const { violations, shown, ...seen } = tell(session, made, refusal)
    const { missing, ...given } = inputs['give-outputs'] ? outputsOf(session, made) : { missing: [] }
    const told = { ...seen, ...given }
    if (inputs.comment) await commentOn(session, shown, told['has-changes'])
    if (violations.length > 0)
      throw failed(`the plan is refused: ${violations.join('; ')}`, reasonOf(violations), told)
    if (missing.length > 0)
      throw failed(
        `rollout.yml lists outputs that a release cannot stand on: ${missing.join('; ')}`,
        'outputs-unknown',
        told,
      )
    if (!told['has-changes']) {
      await noteStack(inputs, 'unchanged', ports)
      return { ...told, outcome: 'no-changes', reason: 'there is nothing to apply' }
    }
    const reason = countsLine(made.changes, outputChangesOf(made.json))
    const isWanted = inputs['plan-store'] !== 'none' && !inputs['dry-run']
    // Told as planned, whoever waits for a plan to be approved would go on without one.
    if (isWanted && !told.applyable)
      throw failed(
        `${reason}: ${session.program.kind} ${session.program.version} says of these changes that it cannot apply them (https://github.com/hashicorp/terraform/issues/35805), so no plan is kept; use a later version`,
        'plan-errored',
        told,
      )
    await noteStack(inputs, 'planned', ports)
    const kept = isWanted ? await keep(session, made) : {}
    ports.log.info(reason)
    return { ...told, ...kept, outcome: 'planned', reason }
  })
}

/** What rollout.yml may name of the configuration, as it will be once the plan is applied. */
function outputsOf(
  { inputs, ports }: Session,
  { json, secrets }: Made,
): { missing: string[] } & Pick<Outputs, 'infra'> {
  const { infra, missing } = namedOutputs(inputs, plannedOutputsOf(json), secrets)
  if (missing.length > 0) return { missing }
  toldOutputs(infra, ports)
  return { missing, infra }
}

/** Tells what is not as it was planned. Nothing is locked, kept or refused: somebody else decides what follows. */
export async function drift(session: Session): Promise<Outputs> {
  return inPrivateFolder(session, async (folder) => {
    const made = await makePlan(session, { ...planningOf(session.inputs), lock: false }, join(folder, 'plan'))
    const { violations: _, shown, ...told } = tell(session, made)
    const isSame = !told['has-changes'] && told.drift === 0
    const changed = told.drift > 0 ? `${told.drift} changed outside` : ''
    const reason = isSame
      ? 'all is as it was planned'
      : [countsLine(made.changes, outputChangesOf(made.json)), changed].filter(Boolean).join(', ')
    session.ports.log.info(reason)
    if (session.inputs.issue) await keepIssue(session, shown, { isSame, reason })
    return { ...told, outcome: isSame ? 'in-sync' : 'drifted', reason }
  })
}

/** A folder that is gone with the step, and for its user alone. Post removes it where the step was killed. */
export async function inPrivateFolder<T>(
  { ports }: Pick<Session, 'ports'>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(ports.context.temp, `plan-apply-${process.hrtime.bigint()}`)
  saveFolder(ports, folder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const planningOf = (inputs: Inputs): Planning => ({
  varFiles: inputs['var-files'].map((path) => fromFolder(inputs, path)),
  targets: inputs.target,
  replaces: inputs.replace,
  destroy: inputs.destroy,
  lock: inputs.lock,
  lockTimeoutMs: inputs['lock-timeout'],
  parallelism: inputs.parallelism,
})

/** @throws GateFailed with its reason where a step of the tool fails */
export async function makePlan(session: Session, planning: Planning, file: string): Promise<Made> {
  const { tool } = session
  return step(session, async () => {
    await initialise(session)
    const { state, diagnostics } = await planOnState(session, planning, file)
    const json = await tool.show(file)
    const secrets = sensitiveTextsOf(json, session.ports.secrets.values())
    for (const { severity, summary, detail } of diagnostics)
      if (severity === 'warning') session.ports.log.foreign('warning', secrets.clean(`${summary}: ${detail}`))
    return { file, json, changes: changesOf(json), drift: driftOf(json), secrets, state }
  })
}

/** Others that write again and again are left to it: the plan is refused when it is to be applied. */
const MOST_PLANS = 3

/** Plans against a state that is known: whoever waits for a lock plans against what its holder has written by then. */
async function planOnState(
  session: Session,
  planning: Planning,
  file: string,
): Promise<{ state: StateMark; diagnostics: Diagnostic[] }> {
  const { tool, ports } = session
  let state = await tool.state()
  for (let plans = 1; ; plans++) {
    const diagnostics = await tool.plan(planning, file).catch(async (error: unknown) => {
      throw await withoutSecrets(session, error, file)
    })
    const now = planning.lock && plans < MOST_PLANS ? await tool.state() : state
    if (isDeepStrictEqual(now, state)) return { state, diagnostics }
    ports.log.info('somebody has written the state while it was planned: it is planned once more')
    state = now
  }
}

/** What is said of a plan that could not be finished may hold its secrets, and they are in what was written of it. */
async function withoutSecrets({ tool, ports }: Session, error: unknown, file: string): Promise<unknown> {
  if (!(error instanceof StepFailed) || error.reason === 'cancelled') return error
  const json = await tool.show(file).catch(() => undefined)
  return json ? error.saying(sensitiveTextsOf(json, ports.secrets.values()).clean(error.said)) : error
}

/** What init says before what is wrong. */
const HEADING = /encountered problems during initiali[sz]ation/

/** The line that says most, of all that a tool said. */
export function firstError(said: string): string {
  const lines = said.split('\n').filter((line) => /\w/.test(line) && !HEADING.test(line))
  return lines.find((line) => line.startsWith('Error: ')) ?? lines[0] ?? ''
}

/** Runs steps of the tool, whose failures are told as such. */
export async function step<T>({ ports }: Pick<Session, 'ports'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    if (error.reason === 'cancelled')
      throw new Cancelled(error.message, { outputs: { 'failure-reason': 'cancelled' } })
    const said = clean(ports, error.said).trim()
    if (said !== '') ports.log.foreign(error.message, said)
    const first = firstError(said)
    throw failed([error.message, first].filter(Boolean).join(': '), error.reason, { lock: error.lock })
  }
}

/** What a plan is, for outputs, evidence and whoever approves it. */
function tell(session: Session, made: Made, refusal?: string) {
  const { ports, inputs } = session
  const { json, changes, drift, secrets, state } = made
  const checks = failedChecksOf(json)
  const outputs = outputChangesOf(json)
  const counts = countsOf(changes)
  const isTargeted = inputs.target.length > 0
  const violations = [
    ...violationsOf({ plan: json, changes, drift, isTargeted }, policyOf(inputs)),
    ...(refusal === undefined ? [] : [refusal]),
  ].map((one) => secrets.clean(one))
  if (!isTargeted)
    for (const pattern of idlePatterns(json, inputs))
      ports.log.warning(
        `protected: no object of this plan has an address such as ${pattern}, so that it protects nothing`,
      )
  const told = {
    'has-changes': hasChanges(json),
    applyable: hasChanges(json) && json.applyable !== false && json.errored !== true,
    ...counts,
    drift: drift.length,
    'checks-failed': checks.length,
    'state-serial': state.serial,
    ...(session.planKey !== undefined && { 'plan-digest': planDigest(json, secrets, session.key) }),
  }
  const verdict =
    violations.length > 0
      ? 'It is refused.'
      : told['has-changes']
        ? countsLine(changes, outputs)
        : 'There is nothing to apply.'
  const shown = {
    ...{ changes, outputs, drift, checks, violations, secrets, verdict },
    title: `Plan for ${placeName(inputs)}`,
  }
  ports.summary.add(planSummary(shown))
  ports.evidence.facts({
    ...told,
    tool: session.program.kind,
    toolVersion: session.program.version,
    addresses: changes.map(({ address, verb }) => `${verb} ${secrets.clean(address)}`),
  })
  return { ...told, violations, shown }
}

/** By what a text about this place is found again. */
const partsOf = ({ region, environment, path, workspace, stack }: Inputs): string[] => [
  ...[region, environment, path, workspace],
  ...(stack === undefined ? [] : [stack]),
]

/** People read a plan where they talk about it; that it could not be said there changes nothing of the plan. */
async function commentOn({ inputs, ports }: Session, shown: Shown, isNews: boolean): Promise<void> {
  const { comment, markOf, MOST_SAID_BYTES, pullRequestOf } = await import('./conversation')
  const number = pullRequestOf(ports.context.ref)
  if (number === undefined) {
    ports.log.warning(`nothing is commented on: ${ports.context.ref} is of no pull request`)
    return
  }
  if (inputs['dry-run']) {
    ports.log.info(`would comment on #${number}`)
    return
  }
  const place = { mark: markOf('plan', partsOf(inputs)), text: planSummary(shown, MOST_SAID_BYTES) }
  await comment(number, place, isNews, ports).catch((error: unknown) => {
    ports.signal.throwIfAborted()
    ports.log.warning(`the plan could not be said beneath #${number}: ${messageOf(error)}`)
  })
}

/** @throws ProviderError where it could not be kept: a drift that nobody is told of goes on */
async function keepIssue(
  { inputs, ports }: Session,
  shown: Shown,
  { isSame, reason }: { isSame: boolean; reason: string },
): Promise<void> {
  const { issue, markOf, MOST_SAID_BYTES } = await import('./conversation')
  const title = `Drift: ${placeName(inputs)}`
  if (inputs['dry-run']) {
    ports.log.info(`would ${isSame ? 'close' : 'keep'} the issue "${title}"`)
    return
  }
  const text = planSummary({ ...shown, title, verdict: reason }, MOST_SAID_BYTES)
  const done = await issue(title, { mark: markOf('drift', partsOf(inputs)), text }, isSame, ports)
  if (done !== undefined) ports.log.info(done)
}

/** A plan that is refused for nothing else is incomplete. */
const reasonOf = (violations: readonly string[]) =>
  violations.every((one) => one === NOT_WHOLE) ? 'plan-incomplete' : 'policy-violation'

/** Seals the plan and keeps it. */
async function keep(session: Session, made: Made): Promise<Pick<Outputs, 'plan-id' | 'plan-sha256'>> {
  const { inputs, ports, planKey = '' } = session
  const data = await readFile(made.file)
  const about = await manifestOf(session, made, data)
  ports.evidence.facts({ manifest: about })
  const { sealed, manifest } = await sealPlan(data, about, planKey)
  const digest = sha256(sealed)
  const label = [placeName(inputs), inputs.workspace, digest.slice('sha256:'.length, 20)].join('-')
  const id = await openPlanStore(inputs['plan-store'], `plan-${label}`, ports).put({ sealed, manifest })
  return { 'plan-id': id, 'plan-sha256': digest }
}

async function manifestOf(
  session: Session,
  { json, changes, secrets, state }: Made,
  data: Buffer,
): Promise<Manifest> {
  const { inputs, ports, key } = session
  const { context, clock } = ports
  const now = clock.now()
  return {
    v: 1,
    ...(await placeOf(session)),
    ...(await toolPlaceOf(session, inputs['var-files'])),
    runAttempt: context.attempt,
    ref: context.ref,
    workflowRef: context.workflowRef,
    actor: context.actor,
    configuration: await configurationOf(session.folder),
    planning: { targets: inputs.target, replaces: inputs.replace, destroy: inputs.destroy },
    planSha256: sha256(data),
    planDigest: planDigest(json, secrets, key),
    counts: countsOf(changes),
    state,
    createdAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + inputs['plan-max-age']).toISOString(),
  }
}

export const policyOf = (inputs: Inputs) => ({
  ...(inputs['max-destroy'] !== undefined && { maxDestroy: inputs['max-destroy'] }),
  ...(inputs['max-replace'] !== undefined && { maxReplace: inputs['max-replace'] }),
  protected: inputs.protected,
  requireComplete: inputs['require-complete'],
  failOnCheck: inputs['fail-on-check'],
  failOnDrift: inputs['fail-on-drift'],
})
