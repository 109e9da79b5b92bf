import { describe, expect, it } from '@jest/globals'
import type { GitHub } from '@deploy-actions/action-kit'
import { unclosedTargets } from './unclosed-targets'

const NOW = new Date('2026-11-20T12:00:00Z')
const DAY_MS = 24 * 3_600_000
const daysAgo = (days: number): string => new Date(NOW.getTime() - days * DAY_MS).toISOString()

interface Listed {
  environment?: string | null
  movedTo?: string
  days?: number
  says?: string | null
  task?: string | null
}
const node = ({
  environment = 'eu',
  movedTo,
  days = 0,
  says = 'open',
  task = 'deploy-actions/shop',
}: Listed) => ({
  ...{ task, environment: movedTo ?? environment, originalEnvironment: environment },
  createdAt: daysAgo(days),
  payload: null,
  latestStatus: says === null ? null : { description: says, createdAt: daysAgo(days) },
})

/** A GitHub with these pages of deployments, newest first. */
function github(...pages: Listed[][]) {
  const asked: unknown[] = []
  const request: GitHub['request'] = (route, parameters) => {
    asked.push([route, (parameters as { variables: unknown }).variables])
    const number = Math.min(asked.length, pages.length) - 1
    const pageInfo = { hasNextPage: true, endCursor: `c${asked.length}` }
    const nodes = (pages[number] ?? []).map(node)
    return Promise.resolve({
      repository: {
        deployments: {
          nodes,
          pageInfo: number === pages.length - 1 ? { ...pageInfo, hasNextPage: false } : pageInfo,
        },
      },
    } as never)
  }
  return { github: { request, list: () => Promise.reject(new Error('one query, no list')) }, asked }
}
const look = (github: GitHub, closely?: string) =>
  unclosedTargets(github, {
    ...{ owner: 'acme', repo: 'shop', now: NOW },
    closely: closely === undefined ? undefined : new Date(closely),
  })
const environments = async (pages: Listed[][], closely?: string) =>
  (await look(github(...pages).github, closely)).targets.map(({ environment }) => environment)

describe('targets that are not closed', () => {
  it.each([
    ['open', true],
    ['restoring: guard of run 1', true],
    ['restore-failed: no answer', true],
    ['committed: all on green', false],
    ['restored', false],
    ['unverified: not healthy', false],
    ['resolved: by ann', false],
    ['superseded', false],
    ['decommissioning: blue, try 1', false],
    ['decommissioned: blue, try 1', false],
    ['decommission-failed: blue, try 1: exit code 3', false],
    ['decommissioned', true],
    // Whoever said that, it is not ours: the ledger knows.
    ['', true],
    ['committedly', true],
    ['Deployed to production', true],
    [null, true],
  ])('by their last status %j: %s', async (says, isUnclosed) => {
    expect(await environments([[{ says }]])).toEqual(isUnclosed ? ['eu'] : [])
  })

  it('are of our tasks, once each, whoever else deploys', async () => {
    const listed = [
      { environment: 'eu' },
      { environment: 'eu' },
      { environment: 'us', task: 'deploy-actions/till' },
      { environment: 'preview', task: 'deploy' },
      { environment: 'preview', task: null },
      { environment: 'preview', task: 'deploy-actions/' },
      { environment: null },
    ]
    expect(await look(github(listed).github)).toEqual({
      ...{ isWhole: true, due: [] },
      targets: [
        { service: 'shop', environment: 'eu' },
        { service: 'till', environment: 'us' },
      ],
    })
  })

  it('are asked for a page at a time, until a week back', async () => {
    const { github: there, asked } = github(
      [{ environment: 'a' }],
      [{ environment: 'b', days: 6.9 }],
      [
        { environment: 'c', days: 6.9 },
        { environment: 'd', days: 7.1 },
      ],
      [{ environment: 'e', days: 7.2 }],
    )
    expect((await look(there)).targets.map(({ environment }) => environment)).toEqual(['a', 'b', 'c'])
    const names = { owner: 'acme', name: 'shop' }
    expect(asked).toEqual([
      ['POST /graphql', names],
      ['POST /graphql', { ...names, after: 'c1' }],
      ['POST /graphql', { ...names, after: 'c2' }],
    ])
  })

  it('are asked for over fifty pages at most, and not where there are no more', async () => {
    const many = github(...Array.from({ length: 52 }, () => [{ says: 'committed' }]))
    expect(await look(many.github)).toEqual({ isWhole: false, targets: [], due: [] })
    expect(many.asked).toHaveLength(50)
    const none = github([])
    expect(await look(none.github)).toEqual({ isWhole: true, targets: [], due: [] })
    expect(none.asked).toHaveLength(1)
  })

  it('are also those that say to be closed and were opened since a moment, however long ago that is', async () => {
    const listed = [
      { environment: 'a', days: 1, says: 'committed' },
      { environment: 'b', days: 9, says: 'committed' },
      { environment: 'c', days: 10, says: 'committed' },
      { environment: 'd', days: 11, says: 'open' },
    ]
    expect(await environments([listed], daysAgo(10))).toEqual(['a', 'b', 'c'])
    // An earlier moment alone does not narrow what is looked at.
    expect(await environments([[{ days: 3 }]], daysAgo(1))).toEqual(['eu'])
  })

  it('are also those that somebody has moved, whatever they say and wherever they are now', async () => {
    const listed = [
      { movedTo: 'elsewhere', says: 'committed' },
      { movedTo: 'EU', says: 'committed' },
    ]
    expect((await look(github(listed).github)).targets).toEqual([
      { service: 'shop', environment: 'eu', movedTo: 'elsewhere' },
    ])
  })

  it('are told of though GitHub cannot show one of them; another answer is told in words', async () => {
    const { github: there } = github([{}])
    const withNull: GitHub['request'] = async (route, parameters) => {
      const given = await there.request<{ repository: { deployments: { nodes: unknown[] } } }>(
        route,
        parameters,
      )
      given.repository.deployments.nodes.unshift(null)
      return given as never
    }
    expect((await look({ ...there, request: withNull })).targets).toHaveLength(1)
    const none: GitHub['request'] = () => Promise.resolve({ repository: null } as never)
    await expect(look({ ...there, request: none })).rejects.toThrow(
      /^GitHub's GraphQL answered something else than deployments: /,
    )
  })
})
