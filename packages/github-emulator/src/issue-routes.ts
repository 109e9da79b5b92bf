import { z } from 'zod'
import { page, paging } from './paging'
import { ACTIONS_BOT, nodeId, simpleUser, timestamp, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'

/** Something said beneath an issue or a pull request. */
export interface IssueComment {
  id: number
  body: string
  /** a person has said it, and no workflow */
  byPerson?: true
}

/** An issue; a pull request is one, too. */
export interface Issue {
  number: number
  title: string
  body: string
  state: 'open' | 'closed'
  labels: string[]
  isPull: boolean
  comments: IssueComment[]
}

/** "body is too long (maximum is 65536 characters)": GitHub's answer to a longer one. */
const body = z.string().max(65_536, 'body is too long (maximum is 65536 characters)')
const title = z.string().min(1).max(256, 'title is too long (maximum is 256 characters)')
const labels = z.array(z.string().min(1).max(50))

const COMMENTS = 'issues: write; pull-requests: write'

/** Issues and what is said beneath them. Newest first, as GitHub lists issues. */
export function issueRoutes(repository: Repository, issues: Issue[]): RestRoute[] {
  const find = (number = ''): Issue => {
    const found = issues.find((one) => one.number === Number(number))
    if (!found) throw notFound()
    return found
  }
  const comment = (id = ''): IssueComment => {
    const found = issues.flatMap(({ comments }) => comments).find((one) => one.id === Number(id))
    if (!found) throw notFound()
    return found
  }
  return [
    restRoute({
      on: 'GET /issues',
      needs: 'issues: read',
      manual: 'issues/issues#list-repository-issues',
      query: paging.extend({
        state: z.enum(['open', 'closed', 'all']).default('open'),
        labels: z.string().optional(),
      }),
      answer({ query, url }) {
        const wanted = query.labels?.split(',') ?? []
        const all = issues.filter(
          ({ state, labels }) =>
            (query.state === 'all' || state === query.state) &&
            wanted.every((label) => labels.includes(label)),
        )
        const { items, headers } = page(all.toReversed(), query, url)
        return { status: 200, headers, body: items.map((one) => issueBody(repository, one)) }
      },
    }),
    restRoute({
      on: 'POST /issues',
      needs: 'issues: write',
      manual: 'issues/issues#create-an-issue',
      resource: 'Issue',
      body: z.strictObject({ title, body: body.default(''), labels: labels.default([]) }),
      answer({ body: { title, body, labels } }) {
        const one: Issue = {
          ...{ number: issues.length + 1, title, body, labels },
          state: 'open',
          isPull: false,
          comments: [],
        }
        issues.push(one)
        return { status: 201, body: issueBody(repository, one) }
      },
    }),
    restRoute({
      on: 'PATCH /issues/{number}',
      needs: 'issues: write',
      manual: 'issues/issues#update-an-issue',
      resource: 'Issue',
      body: z.strictObject({
        ...{ title: title.optional(), body: body.optional(), state: z.enum(['open', 'closed']).optional() },
        state_reason: z.enum(['completed', 'not_planned', 'reopened']).optional(),
      }),
      answer({ params, body: { state_reason: _, ...change } }) {
        const one = Object.assign(find(params.number), change)
        return { status: 200, body: issueBody(repository, one) }
      },
    }),
    restRoute({
      on: 'GET /issues/{number}/comments',
      needs: 'issues: read; pull-requests: read',
      manual: 'issues/comments#list-issue-comments',
      query: paging,
      answer({ params, query, url }) {
        const { items, headers } = page(find(params.number).comments, query, url)
        return { status: 200, headers, body: items.map((one) => commentBody(repository, one)) }
      },
    }),
    restRoute({
      on: 'POST /issues/{number}/comments',
      needs: COMMENTS,
      manual: 'issues/comments#create-an-issue-comment',
      resource: 'IssueComment',
      body: z.strictObject({ body: body.min(1) }),
      answer({ params, body: { body } }) {
        const one = { id: ++repository.lastId, body }
        find(params.number).comments.push(one)
        return { status: 201, body: commentBody(repository, one) }
      },
    }),
    restRoute({
      on: 'PATCH /issues/comments/{id}',
      needs: COMMENTS,
      manual: 'issues/comments#update-an-issue-comment',
      resource: 'IssueComment',
      body: z.strictObject({ body: body.min(1) }),
      answer({ params, body: { body } }) {
        const one = Object.assign(comment(params.id), { body })
        return { status: 200, body: commentBody(repository, one) }
      },
    }),
  ]
}

/** Shape: REST manual, "Create an issue", as far as anybody of ours reads it. */
const issueBody = (repository: Repository, { number, title, body, state, labels, isPull }: Issue) => ({
  ...{ id: number, node_id: nodeId('Issue', number), number, title, body, state },
  labels: labels.map((name) => ({ name })),
  user: ACTIONS_BOT,
  html_url: repository.page(`/issues/${number}`),
  ...(isPull && { pull_request: { url: repository.api(`/pulls/${number}`) } }),
  created_at: timestamp(repository.options.now()),
})

const commentBody = (repository: Repository, { id, body, byPerson }: IssueComment) => ({
  ...{ id, node_id: nodeId('IssueComment', id), body },
  user: byPerson ? simpleUser('ann') : ACTIONS_BOT,
  html_url: repository.page(`/issues/comments/${id}`),
})
