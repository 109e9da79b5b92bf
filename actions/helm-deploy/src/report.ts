import { escapeText, table } from '@deploy-actions/action-kit'
import { whoRuns, type Metadata, type RenderedImage } from '@deploy-actions/helm'
import { defined } from '@deploy-actions/rollout'
import type { Outputs } from './outputs'
import { clean, type Session } from './session'

/** What a release is, as far as Helm tells. */
export interface Brought {
  name: string
  release: string
  namespace: string
  revision: number
  status: string
  /** the one that ran before; 0 where there was none */
  previous: number
  changed: boolean
  digest?: string | undefined
  images: readonly RenderedImage[]
  /** of its last revision */
  kept?: Metadata | undefined
}

/** Source: helm 4, `release.ApplyMethod`; what it does not say of a revision is not guessed. */
const APPLY_METHODS: Record<string, 'server-side' | 'client-side'> = {
  ssa: 'server-side',
  csa: 'client-side',
}

/** What a step did: for the log, the summary, the evidence and the outputs. No value and no manifest is in it. */
export function report(
  session: Session,
  told: Pick<Outputs, 'outcome' | 'reason'> & Partial<Outputs>,
  brought: readonly Brought[],
): Outputs {
  const { ports } = session
  const reason = clean(session, told.reason)
  if (told.outcome !== 'failed') ports.log.info(reason)
  const releases = brought.map(({ release, namespace, revision, previous, status, changed }) => ({
    ...{ release, namespace, revision, 'previous-revision': previous, status, changed },
  }))
  const images = Object.fromEntries(
    brought.flatMap((one) => one.images.map((image) => [whoRuns(image), image.image])),
  )
  ports.evidence.facts({ releases, images, ...told, reason })
  const rows = brought.map((one) => [
    ...[one.release, one.namespace, String(one.previous || '-'), String(one.revision), one.status],
    ...[one.kept?.version ?? '', one.digest ?? ''],
  ])
  const header = ['Release', 'Namespace', 'Before', 'Revision', 'Status', 'Chart', 'Digest']
  const shown = rows.length === 0 ? '' : `\n\n${table(header, rows)}`
  ports.summary.add(`### Helm: ${told.outcome}\n\n${escapeText(reason)}${shown}`)
  const [last] = brought.slice(-1)
  return {
    ...told,
    reason,
    ...(last && {
      ...{
        revision: last.revision,
        'previous-revision': last.previous,
        status: last.status,
        changed: last.changed,
      },
      ...defined({
        'chart-version': last.kept?.version,
        'app-version': last.kept?.appVersion,
        'apply-method': APPLY_METHODS[last.kept?.applyMethod ?? ''],
      }),
      images,
    }),
    releases,
  }
}
