import {
  escapeText,
  GateFailed,
  InputError,
  messageOf,
  reviewOf,
  table,
  type Ports,
} from '@deploy-actions/action-kit'
import {
  LEDGER_PATIENCE_MS,
  openLedger,
  type Entry,
  type Instruction,
  type Ledger,
} from '@deploy-actions/ledger'
import { defined, formatPercent } from '@deploy-actions/rollout'
import { isAll, isNamed, LOOKED_THROUGH } from './choose'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { whyNotTaken } from './target'

/**
 * Says something to the rollouts that are under way in a region, or in all. Whoever walks the canary there hears it within
 * half a minute, and believes it of this run alone. @throws GateFailed where nothing is under way, or nobody has reviewed
 * a skip
 */
export async function steer(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { service, ...instruction } = required(inputs, ports)
  const ledger = openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    patienceMs: LEDGER_PATIENCE_MS.plan,
  })
  const open = await underWay(ledger, inputs)
  const targets = open.map(({ record: { id, region, environment } }) => ({
    ...{ transaction: id, region, environment },
  }))
  ports.evidence.about(defined({ service, region: open.length === 1 ? open[0]?.record.region : undefined }))
  ports.evidence.facts({ targets, instruction })
  const where = open.map(({ record }) => `${record.release.version} in ${record.region}`).join(', ')
  if (open.length === 0)
    throw new GateFailed(
      `nothing of ${service} is under way${isAll(inputs.region ?? 'all') ? '' : ` in ${inputs.region}`}: nobody would hear it`,
    )
  if (inputs['dry-run']) {
    ports.log.info(`would say \`${instruction.kind}\` to ${where}`)
    return { outcome: 'would-say', reason: `would say ${instruction.kind} to ${where}`, targets }
  }
  await mustBeHeard(open, inputs, ports)
  if (instruction.kind === 'skip') await mustBeReviewed(open, inputs, ports)
  const tried = await Promise.allSettled(open.map((entry) => say(ledger, entry, instruction)))
  const untold = tried.flatMap((one, index) =>
    one.status === 'rejected' ? [`${open[index]?.record.region} (${messageOf(one.reason)})`] : [],
  )
  if (untold.length > 0)
    throw new GateFailed(
      `${instruction.kind} was NOT said to ${untold.join('; ')}${untold.length < open.length ? '; the others were told' : ''}: say it again by a new run, or take the release back with the emergency rollback`,
    )
  const reason = `said ${instruction.kind} to ${where}: a stage that is watched hears it within half a minute, and so does whatever is written or committed next`
  ports.log.info(reason)
  ports.summary.add(summary(open, instruction, reason))
  return { outcome: 'said', reason, targets }
}

/** What is said, to which service. @throws InputError with everything that is missing or too much */
function required(inputs: Inputs, { context }: Ports): Instruction & { service: string } {
  const { service, say: kind, stage, reason } = inputs
  const missing = Object.entries({ service, say: kind, reason })
    .filter(([, value]) => value === undefined || value.trim() === '')
    .map(([key]) => ({ where: `input \`${key}\``, message: 'is missing; `mode: steer` needs it' }))
  const about =
    (kind === 'confirm') === (stage !== undefined)
      ? []
      : [
          {
            where: 'input `stage`',
            message:
              kind === 'confirm'
                ? 'is missing; a yes names the stage that it is for, such as 25%'
                : 'belongs to `say: confirm` alone',
          },
        ]
  if (missing.length + about.length > 0 || !service || !kind || !reason)
    throw new InputError([...missing, ...about])
  return { service, ...defined({ kind, stage, by: context.actor, reason: reason.trim() }) }
}

/** What is open, of a region or of all, or by its id. */
function underWay(ledger: Ledger, inputs: Inputs): Promise<Entry[]> {
  const { region = 'all', environment, to } = inputs
  return ledger.find({
    ...defined({ environment, id: isNamed(inputs) ? to : undefined }),
    ...(!isAll(region) && { region: region.trim() }),
    ...{ state: ['open'], letIn: true, depth: LOOKED_THROUGH, limit: LOOKED_THROUGH },
  })
}

/** Who walks there believes runs on branches alone that the environment takes. @throws GateFailed naming each that does not */
async function mustBeHeard(open: readonly Entry[], { ledger }: Inputs, ports: Ports): Promise<void> {
  // A ledger of files has no GitHub beside it.
  if (ledger !== 'github') return
  const whys = await Promise.all(open.map(({ record }) => whyNotTaken(record.environment, ports)))
  const shut = whys.filter((why) => why !== undefined)
  if (shut.length > 0)
    throw new GateFailed(`nothing was said, since it would not be believed: ${shut.join('; ')}`)
}

/** Stages are skipped by those alone who may let a release in. @throws GateFailed naming the environments */
async function mustBeReviewed(open: readonly Entry[], { ledger }: Inputs, ports: Ports): Promise<void> {
  // A ledger of files has no GitHub beside it.
  if (ledger !== 'github') return
  for (const { record } of open) {
    const { environment } = record
    const review = await reviewOf(environment, ports)
    if (review === 'nobody-asked')
      ports.log.warning(`${environment} has no required reviewers: nobody but you has looked at this`)
    if (review === 'missing')
      throw new GateFailed(
        `nothing was said: nobody approved this run for ${environment}; skip from a job with \`environment: ${environment}\`, which has required reviewers`,
      )
  }
}

/** @throws GateFailed when the ledger does not show what was said, or nobody is there any more to hear it */
async function say(ledger: Ledger, { record }: Entry, instruction: Instruction): Promise<void> {
  const before = await ledger.followed(record)
  await ledger.say(record, instruction)
  const after = await ledger.followed(record)
  // What a run has said once it cannot say again.
  if (after.instructions.length <= before.instructions.length)
    throw new GateFailed(`the ledger does not show ${instruction.kind} for ${record.id}`)
  if (after.state !== 'open') throw new GateFailed(`it is ${after.note || after.state} by now`)
}

function summary(open: readonly Entry[], { kind, stage, reason }: Instruction, said: string): string {
  return [
    `### Said: ${kind}${stage === undefined ? '' : ` ${formatPercent(stage)}`}`,
    '',
    `${escapeText(said)}. Why: ${escapeText(reason)}.`,
    '',
    table(
      ['Region', 'Release', 'Transaction'],
      open.map(({ record }) => [record.region, record.release.version, record.id]),
    ),
  ].join('\n')
}
