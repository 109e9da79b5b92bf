import { describe, expect, it } from '@jest/globals'
import { ProviderError, type GitHub } from '@deploy-actions/action-kit'
import { fnmatch, refusedBy, type Ref } from './branch-policy'

const ref: Ref = { name: 'main', commit: 'c'.repeat(40), event: 'push' }
const gone = (status: number) =>
  new ProviderError(`GitHub answered ${status}`, { provider: 'GitHub', status })

interface Answers {
  policy?: { protected_branches: boolean } | null
  protectedBranches?: string[]
  /** the commit at which the branches stand; default that of the run */
  head?: string
  named?: { name: string; type?: string }[]
  /** the commit of a tag, or why there is none */
  tag?: string | ProviderError
}

/** GitHub with these answers, and what it was asked beside the environment. */
function github({
  policy = null,
  protectedBranches = [],
  head = ref.commit,
  named = [],
  tag = gone(404),
}: Answers) {
  const asked: unknown[] = []
  const answer = (route: string, ...how: unknown[]): Promise<unknown> => {
    if (route.endsWith('/environments/{environment_name}'))
      return Promise.resolve({ name: 'production', deployment_branch_policy: policy })
    asked.push([route.split('/').at(-1), ...how])
    if (route.endsWith('/branches'))
      return Promise.resolve(protectedBranches.map((name) => ({ name, commit: { sha: head } })))
    if (route.endsWith('/deployment-branch-policies')) return Promise.resolve(named)
    return tag instanceof ProviderError ? Promise.reject(tag) : Promise.resolve({ sha: tag })
  }
  return { asked, github: { request: answer, list: answer } as unknown as GitHub }
}
const refused = (answers: Answers, change: Partial<Ref> = {}) =>
  refusedBy('production', { ...ref, ...change }, github(answers).github)
const byName = { protected_branches: false }

describe('an environment', () => {
  it('takes every ref without a policy', async () => {
    expect(await refused({}, { event: 'pull_request' })).toBeUndefined()
  })

  it.each(['pull_request', 'pull_request_target', 'pull_request_review'])(
    'with a policy takes no run for %s, whatever branch it names',
    async (event) => {
      const why = 'it runs for a pull request, and production takes only some branches and tags'
      expect(await refused({ policy: byName, named: [{ name: '*' }] }, { event })).toBe(why)
    },
  )

  it.each<[string, string[], boolean]>([
    ['one of several', ['next', 'main'], true],
    ['not one of them', ['next', 'release'], false],
    ['any while none is protected', [], true],
  ])('of protected branches takes a branch that is %s', async (_, protectedBranches, taken) => {
    const { github: api, asked } = github({ policy: { protected_branches: true }, protectedBranches })
    const why = await refusedBy('production', ref, api)
    expect(why).toBe(taken ? undefined : 'production does not take main, from which it runs')
    // Unprotected ones are many, and none of them counts; a token that may not ask is told what it lacks.
    expect(asked).toEqual([['branches', { protected: true }, { permission: 'contents: read' }]])
  })

  it('takes a branch by its name or a pattern, and no other', async () => {
    expect(await refused({ policy: byName, named: [{ name: 'm*', type: 'branch' }] })).toBeUndefined()
    expect(await refused({ policy: byName, named: [{ name: 'main' }, { name: 'x' }] })).toBeUndefined()
    expect(await refused({ policy: byName, named: [{ name: 'x' }] })).toMatch(
      /^production does not take main/,
    )
  })

  it.each<[string, string | ProviderError, boolean]>([
    ['a tag of this very commit', ref.commit, true],
    ['a tag of another commit', 'd'.repeat(40), false],
    ['a branch that is called like one', gone(404), false],
    ['a name that no tag can have', gone(422), false],
  ])('takes by a pattern of tags %s: %s', async (_, tag, taken) => {
    const { github: api, asked } = github({ policy: byName, named: [{ name: 'v*', type: 'tag' }], tag })
    const why = await refusedBy('production', { ...ref, name: 'v1' }, api)
    expect(why === undefined).toBe(taken)
    expect(asked.at(-1)).toEqual(['{ref}', { ref: 'tags/v1' }, { permission: 'contents: read' }])
  })

  const moved = 'd'.repeat(40)
  it.each<[string, Answers]>([
    ['names the branch', { policy: byName, named: [{ name: 'main', type: 'branch' }] }],
    [
      'takes protected branches, where it has moved on since',
      { policy: { protected_branches: true }, protectedBranches: ['main'], head: moved },
    ],
  ])('that %s does not take a tag of its name', async (_, answers) => {
    expect(await refused({ ...answers, tag: ref.commit })).toBe(
      'production takes branch main, and tag main stands at the commit that it ran: that one may be what it runs from',
    )
    expect(await refused({ ...answers, tag: moved })).toBeUndefined()
    const { github: api, asked } = github(answers)
    expect(await refusedBy('production', ref, api)).toBeUndefined()
    expect(asked.at(-1)).toEqual(['{ref}', { ref: 'tags/main' }, { permission: 'contents: read' }])
  })

  it('asks for no tag where it takes branches and tags of that name', async () => {
    const named = [
      { name: 'main', type: 'branch' },
      { name: 'm*', type: 'tag' },
    ]
    const { github: api, asked } = github({ policy: byName, named, tag: ref.commit })
    expect(await refusedBy('production', ref, api)).toBeUndefined()
    expect(asked).toHaveLength(1)
  })

  it('does not guess what a tag is that GitHub does not tell', async () => {
    const named = [{ name: 'v*', type: 'tag' }]
    await expect(refused({ policy: byName, named, tag: gone(500) }, { name: 'v1' })).rejects.toThrow('500')
  })

  it('asks for no tag that no pattern fits', async () => {
    const { github: api, asked } = github({ policy: byName, named: [{ name: 'v*', type: 'tag' }] })
    await refusedBy('production', ref, api)
    expect(asked).toHaveLength(1)
  })

  it('does not take a policy for one that it cannot read', async () => {
    await expect(refused({ policy: byName, named: [{ name: 'main', type: 'commit' }] })).rejects.toThrow()
  })
})

describe('a pattern', () => {
  // As Ruby's File.fnmatch(pattern, name, File::FNM_PATHNAME) has them.
  it.each<[string, string, boolean]>([
    ['main', 'main', true],
    ['main', 'maine', false],
    ['main', 'a/main', false],
    ['release/*', 'release/1', true],
    ['release/*', 'release/1/x', false],
    ['*', 'a/b', false],
    ['**', 'a/b', false],
    ['**', 'ab', true],
    ['**/x', 'x', true],
    ['**/x', 'a/b/x', true],
    ['**/x', 'ax', false],
    ['v?', 'v1', true],
    ['v?', 'v', false],
    ['v?', 'v12', false],
    ['a?b', 'a/b', false],
    ['v[12]', 'v2', true],
    ['v[12]', 'v3', false],
    ['v[!12]', 'v3', true],
    ['v[!12]', 'v1', false],
    ['v[^12]', 'v3', true],
    ['v[^12]', 'v1', false],
    ['v[0-9]', 'v7', true],
    ['v1.0', 'v1.0', true],
    ['v1.0', 'v1x0', false],
    ['a+b', 'a+b', true],
    ['a+b', 'aab', false],
  ])('%s of %s: %s', (pattern, name, fits) => expect(fnmatch(pattern, name)).toBe(fits))
})
