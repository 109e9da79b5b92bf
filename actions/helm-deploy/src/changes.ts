import { details, GateFailed, messageOf, table } from '@deploy-actions/action-kit'
import type { HelmRelease, RenderedManifest, Rendering } from '@deploy-actions/helm'
import type { ObjectChange } from '@deploy-actions/kubernetes'
import type { Outputs } from './outputs'
import { clean, nameOf, type Session } from './session'

/** Rows of the summary; the evidence has all. */
const SHOWN = 50

/**
 * Tells what an upgrade would change, in log, summary and evidence, before it is written.
 * @throws GateFailed where the step requires it and it cannot be told
 */
export async function tellChanges(
  session: Session,
  { helm, running }: { helm: HelmRelease; running: number | undefined },
  { manifest, readAll }: Pick<Rendering, 'readAll'> & { manifest: RenderedManifest },
): Promise<ObjectChange[] | undefined> {
  const { observer, inputs, ports } = session
  const name = nameOf(helm.where)
  if (inputs.diff === 'off') return undefined
  try {
    if (!observer) throw new Error('no cluster is asked')
    if (!readAll) throw new Error('the chart renders more than 1 MiB')
    const changes = await observer.changes({ helm, running, next: manifest.objects }, ports.signal)
    show(session, name, changes)
    return changes
  } catch (error) {
    ports.signal.throwIfAborted()
    const why = clean(session, `what would change in ${name} cannot be told: ${messageOf(error)}`)
    if (inputs.diff === 'require')
      throw new GateFailed(`diff-failed: ${why}; nothing was written`, {
        outputs: { 'failure-reason': 'diff-failed', 'failure-summary': why },
      })
    ports.log.info(why)
    return undefined
  }
}

function show(session: Session, name: string, changes: readonly ObjectChange[]): void {
  const { ports } = session
  const lines = changes.map(({ object, change, fields }) =>
    [change, object, ...fields].map((text) => clean(session, text)),
  )
  const title = `What changes in ${name}: ${countsOf(changes)}`
  ports.log.group(
    title,
    lines
      .map(([change = '', object = '', ...fields]) => [`${change} ${object}`, ...fields].join('\n    '))
      .flatMap((text) => text.split('\n')),
  )
  ports.evidence.facts({ changes: lines.map(([change, object, ...fields]) => ({ change, object, fields })) })
  const rows = lines.map(([change = '', object = '', ...fields]) => [change, object, fields.join('; ')])
  const more = rows.length > SHOWN ? `\n\n${rows.length - SHOWN} more are in the evidence` : ''
  if (rows.length > 0)
    ports.summary.add(details(title, `${table(['Change', 'Object', 'Fields'], rows.slice(0, SHOWN))}${more}`))
}

const count = (changes: readonly ObjectChange[], kind: ObjectChange['change']): number =>
  changes.filter(({ change }) => change === kind).length

const countsOf = (changes: readonly ObjectChange[]): string =>
  changes.length === 0
    ? 'nothing'
    : `${count(changes, 'add')} come, ${count(changes, 'modify')} change, ${count(changes, 'remove')} go`

/** Of all releases together; nothing where one of them could not be told. */
export function changeOutputs(
  all: readonly (readonly ObjectChange[] | undefined)[],
): Pick<Outputs, 'diff-add' | 'diff-modify' | 'diff-remove'> {
  if (all.length === 0 || all.includes(undefined)) return {}
  const changes = all.flatMap((one) => one ?? [])
  return {
    'diff-add': count(changes, 'add'),
    'diff-modify': count(changes, 'modify'),
    'diff-remove': count(changes, 'remove'),
  }
}
