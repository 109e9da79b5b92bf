import type { RolloutFile } from '@deploy-actions/config'
import type { InspectedCaller, SuiteCall } from '@deploy-actions/rehearsal'
import { callsOf, PLACEHOLDER, suiteOf, WORKFLOWS, type PlacedCall } from '../callers'
import { command } from '../gh'
import type { ConfigLook } from './config'
import type { DoctorFinding } from './report'

const ROLLOUT = 'rollout.yml'
const EMERGENCY = 'emergency-rollback.yml'
const SWEEPER = 'sweeper.yml'
const STEER = 'steer.yml'

/** What the workflows that call the suite do wrong, by their files. */
export function callerFindings(
  callers: readonly InspectedCaller[],
  { file, confirms }: Pick<ConfigLook, 'file' | 'confirms'>,
): DoctorFinding[] {
  const placed = callers.flatMap((caller) => caller.calls.map((call) => ({ caller, call })))
  return [
    ...callers.flatMap(unreadable),
    ...absent(callers, confirms),
    ...placed.flatMap((one) => [...ofTemplate(one), ...ofGrant(one), ...ofRefusals(one)]),
    ...(file ? placed.flatMap((one) => ofConcurrency(one, file)) : []),
  ]
}

const unreadable = ({ path, errors }: InspectedCaller): DoctorFinding[] =>
  errors.map((what) => ({
    kind: 'caller-invalid',
    where: path,
    what,
    why: 'GitHub starts no run of a workflow that it cannot read',
    mend: [{ edit: path, to: 'mend it at that place' }],
  }))

/** The command of this suite that writes a part. */
export const initOnly = (suite: string, part: string): string =>
  command(['npx', `github:${suite}#v1`, 'init'], ['--only', part], ['--suite', suite])

/** Something does, or is meant to, and what keeps it from that is said of it. */
const rollsOut = (callers: readonly InspectedCaller[]): boolean =>
  callsOf(callers, ROLLOUT).length > 0 ||
  callers.some(
    ({ calls, errors }) =>
      errors.length > 0 || calls.some(({ kind, isKnown }) => kind === 'action' || !isKnown),
  )

/** A caller without which something of the suite never happens, or only when somebody thinks of it. */
interface Wanted {
  kind: DoctorFinding['kind']
  template: string
  part: Parameters<typeof initOnly>[1]
  /** one of these starts it as it is meant */
  events: readonly string[]
  unstarted: string
  why: string
  /** what starts it */
  on: string
}

const WANTED: readonly Wanted[] = [
  {
    kind: 'emergency-missing',
    template: EMERGENCY,
    part: 'emergency-rollback',
    // What is called by a workflow of the repository is started by that one.
    events: ['workflow_dispatch', 'workflow_call'],
    unstarted: 'the workflow that takes a release back cannot be started by hand',
    why: 'at three in the morning there is no button that takes a bad release back',
    on: 'workflow_dispatch: {} # with the inputs of callers/emergency-rollback.yml',
  },
  {
    kind: 'sweeper-missing',
    template: SWEEPER,
    part: 'sweeper',
    events: ['workflow_run'],
    unstarted: 'the workflow that puts back what a run left behind is not started when a rollout has ended',
    why: 'what a killed run leaves half way stays there until somebody notices',
    on: 'workflow_run: { workflows: [Deploy], types: [completed] } # the name of the workflow that rolls out',
  },
]

/** Without it nobody can say the yes that a stage waits for. */
const WANTED_BY_CONFIRM: Wanted = {
  kind: 'steer-missing',
  template: STEER,
  part: 'steer',
  events: ['workflow_dispatch', 'workflow_call'],
  unstarted: 'the workflow that says yes to a stage cannot be started by hand',
  why: 'a stage of rollout.yml has confirm, and ends as its else says where nobody can say yes',
  on: 'workflow_dispatch: {} # with the inputs of callers/steer.yml',
}

function absent(callers: readonly InspectedCaller[], confirms: boolean): DoctorFinding[] {
  const suite = suiteOf(callers)
  return [
    ...(rollsOut(callers)
      ? []
      : [
          {
            kind: 'caller-missing' as const,
            where: WORKFLOWS,
            what: `no workflow calls ${ROLLOUT} of the suite`,
            why: 'nothing is rolled out by it',
            mend: [{ run: initOnly(suite, 'deploy') }],
          },
        ]),
    ...[...WANTED, ...(confirms ? [WANTED_BY_CONFIRM] : [])].flatMap((wanted) =>
      missing(wanted, callers, suite),
    ),
  ]
}

function missing(
  { kind, template, part, events, unstarted, why, on }: Wanted,
  callers: readonly InspectedCaller[],
  suite: string,
): DoctorFinding[] {
  const calls = callsOf(callers, template)
  if (calls.some(({ caller }) => events.some((event) => caller.events.includes(event)))) return []
  const path = calls[0]?.caller.path
  return path === undefined
    ? [
        {
          ...{ kind, where: WORKFLOWS, why, what: `no workflow calls ${template} of the suite` },
          mend: [{ run: initOnly(suite, part) }],
        },
      ]
    : [{ kind, where: path, what: unstarted, why, mend: [{ edit: path, to: `on:\n  ${on}` }] }]
}

function ofTemplate({ caller, call }: PlacedCall): DoctorFinding[] {
  const { suite, name, kind, at, isKnown } = call
  return [
    ...(suite.split('/')[0] === PLACEHOLDER
      ? [
          {
            kind: 'caller-placeholder' as const,
            where: at,
            what: `${PLACEHOLDER} still stands for the owner of the suite`,
            why: 'GitHub finds no such repository, and starts no run',
            mend: [
              {
                run: command(
                  ['sed', '-i', `s,${PLACEHOLDER}/deploy-actions,YOUR-ORGANISATION/deploy-actions,`],
                  caller.path,
                ),
              },
            ],
          },
        ]
      : []),
    ...(isKnown
      ? []
      : [
          {
            kind: 'caller-unknown-template' as const,
            where: at,
            what: `the suite has no ${kind} ${name} that can be called`,
            why: 'GitHub starts no run of this workflow',
            mend: [{ edit: caller.path, to: `name a ${kind} that the suite has at the version you call` }],
          },
        ]),
  ]
}

const isOfPermissions = (refusal: string): boolean => refusal.includes('is requesting')

function ofGrant({ caller, call }: PlacedCall): DoctorFinding[] {
  const { job, at, refusals, isGrantWritten, needed } = call
  if (!refusals.some(isOfPermissions)) return []
  // Without a word of its own it may do what the job may that calls it.
  if (!isGrantWritten && caller.events.every((event) => event === 'workflow_call')) return []
  const lacking = Object.entries(needed).filter(([scope, level]) => !covers(call, scope, level))
  const wanted = lacking.map(([scope, level]) => `${scope}: ${level}`).join(', ')
  return [
    {
      kind: 'caller-permissions',
      where: at,
      what: `job ${job} gives less than ${call.name} asks for: ${wanted} ${isGrantWritten ? 'is missing' : 'is not in what GitHub gives without a permissions block'}`,
      why: 'GitHub refuses the run before anything starts',
      mend: [{ edit: `${caller.path}, job ${job}`, to: permissionsBlock(needed) }],
    },
  ]
}

const RANK = ['none', 'read', 'write']
const covers = ({ granted }: SuiteCall, scope: string, level: string): boolean =>
  RANK.indexOf(granted[scope] ?? 'none') >= RANK.indexOf(level)

const permissionsBlock = (needed: SuiteCall['needed']): string =>
  ['permissions:', ...Object.entries(needed).map(([scope, level]) => `  ${scope}: ${level}`)].join('\n')

const ofRefusals = ({ caller, call }: PlacedCall): DoctorFinding[] =>
  call.refusals
    .filter((refusal) => !isOfPermissions(refusal))
    .map((what) => ({
      kind: 'caller-refused',
      where: call.at,
      what: `job ${call.job}: ${what}`,
      why:
        call.kind === 'workflow'
          ? 'GitHub starts no run of this workflow'
          : 'the action ignores what is meant by it',
      mend: [{ edit: `${caller.path}, job ${call.job}`, to: remedyOf(what) }],
    }))

function remedyOf(refusal: string): string {
  const [, missing] = /^(?:Input|Secret) (\S+) is required/.exec(refusal) ?? []
  if (missing !== undefined) return `add ${missing}: ... (under with, or under secrets)`
  const [, unknown] = /^(?:Invalid input, |Invalid secret, |Unexpected input ')([^\s']+)/.exec(refusal) ?? []
  return unknown === undefined ? 'mend the call' : `take out ${unknown}, or write the name that is meant`
}

/** A group of the caller's own around what has its own inside, or a run that is cut off by the next one. */
function ofConcurrency({ caller, call }: PlacedCall, file: RolloutFile): DoctorFinding[] {
  if (call.kind !== 'workflow') return []
  const where = call.at
  return call.concurrency.flatMap(({ group, cancelInProgress }): DoctorFinding[] => {
    const inside = isInside(group, file)
    const cancels = cancelInProgress !== '' && cancelInProgress !== 'false'
    const mend = [
      {
        edit: caller.path,
        to: cancels && !inside ? 'take out cancel-in-progress' : `take out concurrency ${group}`,
      },
    ]
    return [
      ...(inside
        ? [
            {
              ...{ kind: 'caller-concurrency' as const, where, mend },
              what: `concurrency ${group} is one that the suite holds inside`,
              why: 'the run waits for itself, and GitHub cancels it',
            },
          ]
        : []),
      ...(cancels
        ? [
            {
              ...{ kind: 'caller-concurrency' as const, where, mend },
              what: `cancel-in-progress of concurrency ${group} is ${cancelInProgress}`,
              why: 'the next push cuts a rollout off in the middle of a write',
            },
          ]
        : []),
    ]
  })
}

/** Groups ignore case; what an expression comes to is not known, but for its beginning. */
function isInside(group: string, { service, regions }: RolloutFile): boolean {
  const held = regions.flatMap(({ name }) => [`deploy-${service}-${name}`, `restore-${service}-${name}`])
  const lower = group.toLowerCase()
  if (held.some((one) => one.toLowerCase() === lower)) return true
  const [, before] = /^((?:deploy|restore)-.*?)(?:\$\{\{|format\()/.exec(lower) ?? []
  return before !== undefined && held.some((one) => one.toLowerCase().startsWith(before))
}
