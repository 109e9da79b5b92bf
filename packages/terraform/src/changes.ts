import { z } from 'zod'
import type { PlanJson, PlannedChange, ResourceChange } from './plan-json'

/**
 * What becomes of an object. `move` and `import` are those that change nothing else; of an update or a replacement that
 * moves or imports, too, `Change` says so.
 */
export type Verb =
  'replace' | 'delete' | 'forget' | 'create' | 'update' | 'import' | 'move' | 'read' | 'no-op'

/** The order in which people should read them: what is lost first. */
export const VERBS: readonly Verb[] = [
  'replace',
  'delete',
  'forget',
  'update',
  'create',
  'import',
  'move',
  'read',
]

/** How a plan changes one object. */
export interface Change {
  address: string
  verb: Verb
  /** the object that is there is destroyed: by `delete`, and by a replacement that does not forget it */
  destroys: boolean
  /** of a replacement: the new object is made before the old one goes */
  createsFirst?: true
  movedFrom?: string
  importedAs?: string
  /** the object is one that an earlier replacement has left behind */
  deposed?: string
  /** why, where the tool says it: `replace_because_tainted` */
  reason?: string
  planned: ResourceChange
}

interface Action {
  verb: Verb
  destroys?: true
  createsFirst?: true
}

const ACTIONS: Readonly<Record<string, Action>> = {
  'no-op': { verb: 'no-op' },
  create: { verb: 'create' },
  read: { verb: 'read' },
  update: { verb: 'update' },
  delete: { verb: 'delete', destroys: true },
  forget: { verb: 'forget' },
  'delete,create': { verb: 'replace', destroys: true },
  'create,delete': { verb: 'replace', destroys: true, createsFirst: true },
  'create,forget': { verb: 'replace', createsFirst: true },
}

/** @throws Error for actions that are not known: what they destroy would be guessed */
function actionOf({ actions }: PlannedChange, where: string): Action {
  const known = ACTIONS[actions.join()]
  if (known) return known
  throw new Error(
    `${where}: the plan says ${actions.join(' and ')}, which is not known here; use a later version of this action`,
  )
}

function changeOf(planned: ResourceChange): Change {
  const { address, previous_address: from, deposed, action_reason: reason, change } = planned
  const { verb, destroys = false, createsFirst } = actionOf(change, address)
  const moves = from !== undefined && from !== address
  return {
    address,
    verb: verb !== 'no-op' ? verb : change.importing ? 'import' : moves ? 'move' : 'no-op',
    destroys,
    ...(createsFirst && { createsFirst }),
    ...(moves && { movedFrom: from }),
    ...(change.importing && { importedAs: change.importing.id ?? '' }),
    ...(deposed !== undefined && { deposed }),
    ...(reason !== undefined && { reason }),
    planned,
  }
}

/**
 * What a plan does, those first that lose something, then by address.
 * @throws Error for actions that are not known
 */
export function changesOf(plan: Pick<PlanJson, 'resource_changes'>): Change[] {
  const changes = (plan.resource_changes ?? []).map(changeOf).filter(({ verb }) => verb !== 'no-op')
  return changes.sort(
    (a, b) =>
      VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb) ||
      compare(a.address, b.address) ||
      compare(a.deposed ?? '', b.deposed ?? ''),
  )
}

/** What changed outside of the tool since the state was written, by address. */
export const driftOf = (plan: Pick<PlanJson, 'resource_drift'>): Change[] =>
  (plan.resource_drift ?? [])
    .map(changeOf)
    .filter(({ verb }) => verb !== 'no-op' && verb !== 'move')
    .sort((a, b) => compare(a.address, b.address))

/** The outputs that a plan changes, and how. */
export interface OutputChange {
  name: string
  verb: Verb
  planned: PlannedChange
}

/** @throws Error for actions that are not known */
export const outputChangesOf = ({ output_changes: outputs = {} }: PlanJson): OutputChange[] =>
  Object.entries(outputs)
    .map(([name, planned]) => ({ name, verb: actionOf(planned, `output ${name}`).verb, planned }))
    .filter(({ verb }) => verb !== 'no-op')
    .sort((a, b) => compare(a.name, b.name))

/** Not by locale: the order is a part of what is compared between machines. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** How many objects a plan touches, each counted once: a replacement is neither an addition nor a destruction here. */
export interface Counts {
  add: number
  change: number
  destroy: number
  replace: number
  import: number
  move: number
  forget: number
}

/** `import` and `move` count whatever imports or moves, also what is changed with it. */
export function countsOf(changes: readonly Change[]): Counts {
  const having = (...verbs: Verb[]): number => changes.filter(({ verb }) => verbs.includes(verb)).length
  return {
    add: having('create'),
    change: having('update'),
    destroy: having('delete'),
    replace: having('replace'),
    import: changes.filter(({ importedAs }) => importedAs !== undefined).length,
    move: changes.filter(({ movedFrom }) => movedFrom !== undefined).length,
    forget: having('forget'),
  }
}

/**
 * Whether there is anything to apply, as far as the objects and outputs say it. Neither the tool's counts nor `applyable`
 * tell: a plan that only moves has counts of zero, OpenTofu does not say `applyable`, and Terraform 1.8 and 1.9 deny it of
 * plans that only change outputs (https://github.com/hashicorp/terraform/issues/35805). What a check alone reads is read anew
 * each time.
 */
export const hasChanges = (plan: PlanJson): boolean =>
  changesOf(plan).some(({ reason }) => reason !== 'read_because_check_nested') ||
  outputChangesOf(plan).length > 0

/** The checks that fail, by what people call them, with what they say. They are only warnings to the tool. */
export interface FailedCheck {
  name: string
  problems: string[]
}

export const failedChecksOf = ({ checks }: Pick<PlanJson, 'checks'>): FailedCheck[] =>
  (checks ?? [])
    .filter(({ status }) => status === 'fail' || status === 'error')
    .map(({ address, instances }) => ({
      name: address.to_display,
      problems: (instances ?? []).flatMap(({ problems }) => (problems ?? []).map(({ message }) => message)),
    }))

/** The outputs that the configuration has. */
export const outputNamesOf = ({ configuration }: Pick<PlanJson, 'configuration'>): string[] =>
  Object.keys(configured.safeParse(configuration).data?.root_module.outputs ?? {})

const configured = z.looseObject({
  root_module: z.looseObject({ outputs: z.record(z.string(), z.unknown()).default({}) }),
})
