import { describe, expect, it } from '@jest/globals'
import { ProviderError, type GitHub } from '@deploy-actions/action-kit'
import { fnmatch, takenBy, type Ref, type Taken } from './branch-policy'

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
  /** how the commit of the run stands to the branch, or why that is not told; default identical */
  compared?: string | ProviderError
}

/** GitHub with these answers, and what it was asked beside the environment. */
function github({
  policy = null,
  protectedBranches = [],
  head = ref.commit,
  named = [],
  tag = gone(404),
  compared = 'identical',
}: Answers) {
  const asked: unknown[] = []
  const answer = (route: string, ...how: unknown[]): Promise<unknown> => {
    if (route.endsWith('/environments/{environment_name}'))
      return Promise.resolve({ name: 'production', deployment_branch_policy: policy })
    asked.push([route.split('/').at(-1), ...how])
    if (route.endsWith('/branches'))
      return Promise.resolve(protectedBranches.map((name) => ({ name, commit: { sha: head } })))
    if (route.endsWith('/deployment-branch-policies')) return Promise.resolve(named)
    const told = route.includes('/compare/') ? compared : tag
    return told instanceof ProviderError ? Promise.reject(told) : Promise.resolve({ sha: told, status: told })
  }
  return { asked, github: { request: answer, list: answer } as unknown as GitHub }
}
const taken = (answers: Answers, change: Partial<Ref> = {}) =>
  takenBy('production', { ...ref, ...change }, github(answers).github)
const yes = { taken: 'yes' }
const byName = { protected_branches: false }

describe('an environment', () => {
  it('takes every ref without a policy', async () => {
    expect(await taken({}, { event: 'pull_request' })).toEqual(yes)
  })

  it.each(['pull_request', 'pull_request_target', 'pull_request_review'])(
    'with a policy takes no run for %s, whatever branch it names',
    async (event) => {
      const why = 'it runs for a pull request, and production takes only some branches and tags'
      expect(await taken({ policy: byName, named: [{ name: '*' }] }, { event })).toEqual({
        taken: 'no',
        why,
      })
    },
  )

  it.each<[string, string[]]>([
    ['one of several', ['next', 'main']],
    ['any while none is protected', []],
  ])('of protected branches takes a branch that is %s', async (_, protectedBranches) => {
    const { github: api, asked } = github({ policy: { protected_branches: true }, protectedBranches })
    expect(await takenBy('production', ref, api)).toEqual(yes)
    // Unprotected ones are many, and none of them counts; a token that may not ask is told what it lacks.
    expect(asked).toEqual([['branches', { protected: true }, { permission: 'contents: read' }]])
  })

  it('of protected branches does not take one that is there and is none of them', async () => {
    const answers = { policy: { protected_branches: true }, protectedBranches: ['next', 'release'] }
    const { github: api, asked } = github({ ...answers, tag: 'd'.repeat(40) })
    const why = 'production does not take main, from which it runs'
    expect(await takenBy('production', ref, api)).toEqual({ taken: 'no', why })
    expect(asked.at(-1)).toEqual(['{ref}', { ref: 'heads/main' }, { permission: 'contents: read' }])
  })

  it.each([404, 422])(
    'of protected branches cannot tell of one that is gone, since it may have been one: %d',
    async (status) => {
      const answers = { policy: { protected_branches: true }, protectedBranches: ['next'] }
      expect(await taken({ ...answers, tag: gone(status) })).toEqual({
        taken: 'unproven',
        why: 'production takes protected branches, and whether main was one nobody can tell any more: it is gone',
      })
    },
  )

  it('takes a branch by its name or a pattern, and no other', async () => {
    expect(await taken({ policy: byName, named: [{ name: 'm*', type: 'branch' }] })).toEqual(yes)
    expect(await taken({ policy: byName, named: [{ name: 'main' }, { name: 'x' }] })).toEqual(yes)
    expect(await taken({ policy: byName, named: [{ name: 'x' }] })).toMatchObject({ taken: 'no' })
  })

  it.each<[string, string | ProviderError, Taken['taken']]>([
    ['a tag of this very commit', ref.commit, 'yes'],
    ['a tag that stands at another commit now', 'd'.repeat(40), 'unproven'],
    ['a tag that is gone', gone(404), 'unproven'],
    ['a tag that is gone, as this endpoint says it', gone(422), 'unproven'],
  ])('takes by a pattern of tags %s: %s', async (_, tag, expected) => {
    const { github: api, asked } = github({ policy: byName, named: [{ name: 'v*', type: 'tag' }], tag })
    const answer = await takenBy('production', { ...ref, name: 'v1' }, api)
    expect(answer.taken).toBe(expected)
    expect(asked.at(-1)).toEqual(['{ref}', { ref: 'tags/v1' }, { permission: 'contents: read' }])
  })

  const moved = 'd'.repeat(40)
  describe.each<[string, Answers]>([
    ['names the branch', { policy: byName, named: [{ name: 'main', type: 'branch' }] }],
    [
      'takes protected branches, where it has moved on since',
      { policy: { protected_branches: true }, protectedBranches: ['main'], head: moved },
    ],
  ])('that %s', (_, answers) => {
    it.each<[string, string | ProviderError, Taken['taken']]>([
      ['at the head of the branch', 'identical', 'yes'],
      ['that the branch holds', 'behind', 'yes'],
      // Such as that of a tag of its name.
      ['that has come from the branch', 'ahead', 'unproven'],
      ['that the branch does not hold', 'diverged', 'unproven'],
      ['of a branch that is gone', gone(404), 'unproven'],
    ])('takes a commit %s: %s', async (_, compared, expected) => {
      const { github: api, asked } = github({ ...answers, compared, tag: ref.commit })
      expect(await takenBy('production', ref, api)).toMatchObject({ taken: expected })
      // By its full name, since a tag may have the short one.
      expect(asked.at(-1)).toEqual([
        '{basehead}',
        { basehead: `refs/heads/main...${ref.commit}`, per_page: 1, page: 2 },
        { permission: 'contents: read' },
      ])
    })

    it('does not guess what GitHub does not tell', async () => {
      await expect(taken({ ...answers, compared: gone(500) })).rejects.toThrow('500')
    })

    it('says what is not proven', async () => {
      expect(await taken({ ...answers, compared: 'diverged' })).toEqual({
        taken: 'unproven',
        why: `production takes branch main, and that branch, if there still is one, does not hold commit ${ref.commit}, which it ran: it may have run from a tag of that name`,
      })
    })
  })

  it('asks for no tag where it takes branches and tags of that name', async () => {
    const named = [
      { name: 'main', type: 'branch' },
      { name: 'm*', type: 'tag' },
    ]
    const { github: api, asked } = github({ policy: byName, named, tag: ref.commit })
    expect(await takenBy('production', ref, api)).toEqual(yes)
    expect(asked).toHaveLength(1)
  })

  it('does not guess what a tag is that GitHub does not tell', async () => {
    const named = [{ name: 'v*', type: 'tag' }]
    await expect(taken({ policy: byName, named, tag: gone(500) }, { name: 'v1' })).rejects.toThrow('500')
  })

  it('asks for no tag that no pattern fits', async () => {
    const { github: api, asked } = github({ policy: byName, named: [{ name: 'v*', type: 'tag' }] })
    await takenBy('production', ref, api)
    expect(asked).toHaveLength(1)
  })

  it('does not take a policy for one that it cannot read', async () => {
    await expect(taken({ policy: byName, named: [{ name: 'main', type: 'commit' }] })).rejects.toThrow()
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
