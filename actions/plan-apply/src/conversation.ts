import { runUrl, type Ports } from '@deploy-actions/action-kit'

/** GitHub takes 65,536 characters of a comment or an issue; beside what is shown there are marks and links. */
export const MOST_SAID_BYTES = 60_000

/** Where something is said that is to be said once, and kept as it is by now. */
export interface Place {
  /** by which the text is found again; not shown */
  mark: string
  text: string
}

/** Of anybody else's, who may write the same mark, nothing is taken: he could say something else there afterwards. */
interface ByBot {
  body: string | null
  user: { type: string } | null
}

const isOurs = ({ body, user }: ByBot, { mark }: Place): boolean =>
  user?.type === 'Bot' && (body ?? '').startsWith(mark)

type Here = Pick<Ports, 'github' | 'context'>

/** What stands before a text, so that the next run finds it: neither shown, nor ended by what is in it. */
export const markOf = (what: string, place: readonly string[]): string =>
  `<!-- deploy-actions ${what} ${encodeURIComponent(place.join(' ')).replaceAll('--', '-%2D')} -->`

const bodyOf = ({ mark, text }: Place, { context }: Here): string =>
  `${mark}\n${text}\n\n<sub>[The whole of it](${runUrl(context)}) is in the summary of this run.</sub>`

/** The pull request of this run: of its own ref, or of the merge queue. */
export function pullRequestOf(ref: string): number | undefined {
  const [, own, queued] =
    /^refs\/pull\/(\d+)\/|^refs\/heads\/gh-readonly-queue\/.+\/pr-(\d+)-[0-9a-f]+$/.exec(ref) ?? []
  const number = own ?? queued
  return number === undefined ? undefined : Number(number)
}

/** Keeps one comment beneath a pull request. @param isNews whether one is made where there is none yet */
export async function comment(number: number, place: Place, isNews: boolean, here: Here): Promise<void> {
  const { github } = here
  const permission = 'pull-requests: write'
  const all = await github.list<ByBot & { id: number }>(
    'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
    { issue_number: number },
    { permission },
  )
  const found = all.find((one) => isOurs(one, place))
  const body = bodyOf(place, here)
  if (found)
    await github.request(
      'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
      { comment_id: found.id, body },
      { permission },
    )
  else if (isNews)
    await github.request(
      'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
      { issue_number: number, body },
      { permission },
    )
}

const LABEL = 'infrastructure-drift'

interface Issue extends ByBot {
  number: number
  pull_request?: unknown
}

/**
 * Keeps one open issue while something is wrong, and closes it when nothing is; they are found by their label.
 * @param isOver nothing is wrong any more
 * @returns what was done, in words; undefined where there was nothing to do
 */
export async function issue(
  title: string,
  place: Place,
  isOver: boolean,
  here: Here,
): Promise<string | undefined> {
  const { github } = here
  const permission = 'issues: write'
  const open = await github.list<Issue>(
    'GET /repos/{owner}/{repo}/issues',
    { state: 'open', labels: LABEL },
    { permission },
  )
  const [found, ...copies] = open
    .filter((one) => one.pull_request === undefined && isOurs(one, place))
    .toSorted((a, b) => a.number - b.number)
  const change = (number: number, what: Record<string, unknown>): Promise<unknown> =>
    github.request(
      'PATCH /repos/{owner}/{repo}/issues/{issue_number}',
      { issue_number: number, ...what },
      { permission },
    )
  const body = bodyOf(place, here)
  const closed = { state: 'closed', state_reason: 'completed' }
  // Two runs at once may both have found none.
  for (const { number } of copies) await change(number, { state: 'closed', state_reason: 'not_planned' })
  if (found) {
    await change(found.number, { title, body, ...(isOver && closed) })
    return `issue #${found.number} is ${isOver ? 'closed' : 'brought up to date'}`
  }
  if (isOver) return undefined
  const made = await github.request<{ number: number }>(
    'POST /repos/{owner}/{repo}/issues',
    { title, body, labels: [LABEL] },
    { permission },
  )
  return `issue #${made.number} is opened`
}
