import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testGitHub, type TestGitHub } from '../../../packages/github-emulator/src/emulator.fixture'
import { comment, issue, markOf, MOST_SAID_BYTES, pullRequestOf } from './conversation'

let world: TestGitHub
beforeEach(async () => {
  world = await testGitHub()
})
afterEach(() => world.close())

const mark = markOf('plan', ['eu', 'production-eu', 'infra', 'default'])
const place = (text: string, own = mark) => ({ mark: own, text })

function here(permissions: Record<string, 'read' | 'write'>) {
  const { run, job } = world.begin(permissions)
  return { github: world.client(job), context: world.context(run) }
}

describe('the pull request of a run', () => {
  it.each([
    ['refs/pull/17/merge', 17],
    ['refs/pull/17/head', 17],
    ['refs/heads/gh-readonly-queue/main/pr-204-0123456789abcdef0123456789abcdef01234567', 204],
    ['refs/heads/gh-readonly-queue/release/1.x/pr-8-abc', 8],
    ['refs/heads/main', undefined],
    ['refs/heads/pull/17/merge', undefined],
    ['refs/heads/pr-17-abc', undefined],
  ])('of %s is %s', (ref, number) => expect(pullRequestOf(ref)).toBe(number))
})

describe('what is said beneath a pull request', () => {
  beforeEach(() => {
    const pull = { number: 1, title: 'Grow', body: '', state: 'open' as const, labels: [], isPull: true }
    world.github.issues.push({ ...pull, comments: [] })
  })
  const comments = (): string[] => world.github.issues[0]?.comments.map(({ body }) => body) ?? []

  it('is one comment of each place, as it is by now', async () => {
    const job = here({ 'pull-requests': 'write' })
    await comment(1, place('2 to add'), true, job)
    await comment(1, place('1 to add', markOf('plan', ['us'])), true, job)
    await comment(1, place('3 to add'), true, job)
    expect(comments()).toEqual([
      expect.stringMatching(
        /^<!-- .* -->\n3 to add\n\n<sub>\[The whole of it\]\(https:\/\/\S+\/acme\/shop\/actions\/runs\/1001\)/,
      ),
      expect.stringContaining('1 to add'),
    ])
  })

  it('is not begun where there is nothing to say, and brought up to date where something was', async () => {
    const job = here({ 'pull-requests': 'write' })
    await comment(1, place('nothing'), false, job)
    expect(comments()).toEqual([])
    await comment(1, place('2 to add'), true, job)
    await comment(1, place('nothing'), false, job)
    expect(comments()).toEqual([expect.stringContaining('\nnothing\n')])
  })

  it('is found among any number of others', async () => {
    const job = here({ 'pull-requests': 'write' })
    const others = Array.from({ length: 150 }, (_, index) => ({ id: 10_000 + index, body: 'well' }))
    world.github.issues[0]?.comments.push(...others)
    await comment(1, place('2 to add'), true, job)
    await comment(1, place('3 to add'), true, job)
    expect(comments().filter((body) => body.startsWith(mark))).toEqual([expect.stringContaining('3 to add')])
  })

  it('is never put into what somebody else has written with its mark', async () => {
    const job = here({ 'pull-requests': 'write' })
    world.github.issues[0]?.comments.push({ id: 7, body: `${mark}\nall is well`, byPerson: true })
    await comment(1, place('9 to destroy'), true, job)
    expect(comments()).toEqual([`${mark}\nall is well`, expect.stringContaining('9 to destroy')])
  })

  it('fits what GitHub takes, and needs the permission', async () => {
    await comment(1, place('x'.repeat(MOST_SAID_BYTES)), true, here({ 'pull-requests': 'write' }))
    expect(comments()[0]?.length).toBeLessThanOrEqual(65_536)
    await expect(comment(1, place(''), true, here({ issues: 'read' }))).rejects.toThrow(
      /pull-requests: write/,
    )
  })

  it('has a mark that nothing within it ends', () =>
    expect(markOf('plan', ['eu --> <b>', 'a-b--c'])).toBe(
      '<!-- deploy-actions plan eu%20-%2D%3E%20%3Cb%3E%20a-b-%2Dc -->',
    ))
})

describe('the issue of a drift', () => {
  const drift = (isOver: boolean, text = '1 changed outside', region = 'eu') =>
    issue(`Drift: ${region}`, place(text, markOf('drift', [region])), isOver, here({ issues: 'write' }))
  const issues = () => world.github.issues.map(({ number, title, state }) => [number, title, state])

  it('is opened once, brought up to date, closed, and opened anew', async () => {
    expect(await drift(true)).toBeUndefined()
    expect(await drift(false)).toBe('issue #1 is opened')
    expect(await drift(false, '2 changed outside')).toBe('issue #1 is brought up to date')
    expect(world.github.issues[0]).toMatchObject({
      body: expect.stringContaining('2 changed outside'),
      labels: ['infrastructure-drift'],
    })
    expect(await drift(false, '1 changed', 'us')).toBe('issue #2 is opened')
    expect(await drift(true, 'all is as it was planned')).toBe('issue #1 is closed')
    expect(await drift(true)).toBeUndefined()
    expect(await drift(false)).toBe('issue #3 is opened')
    expect(issues()).toEqual([
      [1, 'Drift: eu', 'closed'],
      [2, 'Drift: us', 'open'],
      [3, 'Drift: eu', 'open'],
    ])
  })

  it('is one again where two runs at once have opened two', async () => {
    await drift(false)
    world.github.issues.push({ ...world.github.issues[0]!, number: 2 })
    await drift(false)
    expect(issues()).toEqual([
      [1, 'Drift: eu', 'open'],
      [2, 'Drift: eu', 'closed'],
    ])
  })

  it('needs the permission', () =>
    expect(issue('Drift', place(''), false, here({ issues: 'read' }))).rejects.toThrow(/issues: write/))
})
