import { describe, expect, it } from '@jest/globals'
import { ProviderError, type GitHub, type RunContext } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { createRunProofs } from './run-proofs'

/** A run of this repository, as GitHub tells it, that no workflow of ours was in. */
const run = {
  path: '.github/workflows/other.yml',
  event: 'push',
  head_branch: 'main',
  head_sha: 'c'.repeat(40),
  repository: { full_name: 'acme/shop' },
  head_repository: { full_name: 'Acme/Shop' } as { full_name: string } | null,
  referenced_workflows: [] as { path: string }[] | null,
}
const { context: job } = createFakePorts()
const failed = (status: number) =>
  new ProviderError(`GitHub answered ${status}`, { provider: 'GitHub', status })

interface Answers {
  run?: unknown
  /** the deployment branch policy of every environment, which names main */
  policy?: object
  /** how the head of a branch compares with what was run */
  compared?: string
  /** artifacts of the runs, all of them, or why they cannot be told */
  artifacts?: { id: number; name: string; digest?: string }[] | ProviderError
  /** the same of this very run, where they are others */
  own?: { id: number; name: string }[]
  /** every question, and the permission that is named with it */
  asked?: [route: string, run: unknown, permission: unknown][]
}

/** GitHub with these answers: an environment without a policy, a page of two artifacts. */
function github(answers: Answers): GitHub {
  const stored = (id: unknown) =>
    (id === job.runId ? (answers.own ?? answers.artifacts) : answers.artifacts) ?? []
  const answer = (route: string, { run_id: id, name }: Record<string, unknown>): unknown => {
    if (route.includes('/environments/'))
      return { name: 'production', deployment_branch_policy: answers.policy ?? null }
    if (route.includes('/compare/')) return { status: answers.compared }
    if (!route.endsWith('/artifacts')) return answers.run ?? run
    const all = stored(id)
    if (all instanceof ProviderError) return all
    const fitting = all.filter((one) => name === undefined || one.name === name)
    const page = fitting.slice(0, 2).map((one) => ({ digest: null, expired: false, ...one }))
    return { total_count: fitting.length, artifacts: page }
  }
  interface How {
    permission?: string
    pick?: string
  }
  const request = (route: string, parameters: Record<string, unknown> = {}, how: How = {}) => {
    answers.asked?.push([route.split('/').at(-1) ?? '', parameters['run_id'], how.permission])
    const result = answer(route, parameters)
    return result instanceof ProviderError ? Promise.reject(result) : Promise.resolve(result)
  }
  const list = (route: string, parameters: Record<string, unknown> = {}, how: How = {}) => {
    answers.asked?.push([route.split('/').at(-1) ?? '', parameters['run_id'], how.permission])
    if (how.pick === 'branch_policies') return Promise.resolve([{ name: 'main' }])
    return Promise.resolve(how.pick === 'artifacts' ? stored(parameters['run_id']) : [])
  }
  return { request, list } as unknown as GitHub
}
const proofs = (answers: Answers, context: Partial<RunContext> = {}, named: string[] = []) =>
  createRunProofs(github(answers), { ...job, ...context }, named)
const standing = (change: Partial<typeof run> | ProviderError, ...how: [Partial<RunContext>?, string[]?]) =>
  proofs({ run: change instanceof ProviderError ? change : { ...run, ...change } }, ...how).standing(
    7,
    'production',
  )

describe('the word of a run', () => {
  const rollout = 'acme/deploy-actions/.github/workflows/rollout.yml'

  it('is its own business in its own jobs', async () => {
    expect(await proofs({ run: failed(500) }).standing(job.runId, 'production')).toEqual({ level: 'trusted' })
  })

  it.each<[string, Partial<typeof run>, [Partial<RunContext>?, string[]?]]>([
    ['that called our rollout.yml', { referenced_workflows: [{ path: `${rollout}@refs/tags/v1` }] }, []],
    [
      'that called our region.yml among others',
      {
        referenced_workflows: [
          { path: 'acme/tools/.github/workflows/lint.yml@main' },
          { path: `${rollout.replace('rollout', 'region')}@abc` },
        ],
      },
      [],
    ],
    [
      'that called it in other letters',
      { referenced_workflows: [{ path: `${rollout.toUpperCase()}@v1` }] },
      [{ actionRepository: 'Acme/Deploy-Actions' }],
    ],
    [
      'that called one of the name of the suite, where nobody tells the repository of the action',
      { referenced_workflows: [{ path: 'fork/deploy-actions/.github/workflows/region.yml@v1' }] },
      [{ actionRepository: '' }],
    ],
    ['of the workflow of this very run', { path: '.github/workflows/deploy.yml' }, []],
    ['of a workflow that was named', {}, [{}, ['.github/workflows/other.yml']]],
    ['of one that was named at a ref', {}, [{}, ['', '.github/workflows/other.yml@refs/heads/main']]],
  ])('%s is trusted', async (_, change, how) => {
    expect(await standing(change, ...how)).toEqual({ level: 'trusted' })
  })

  it.each<[string, Partial<typeof run>, [Partial<RunContext>?, string[]?]]>([
    ['of any other workflow', {}, []],
    ['of a repository that is written in other letters', {}, [{ owner: 'ACME' }]],
    ['of which GitHub tells no called workflows', { referenced_workflows: null }, []],
    [
      'that called a rollout.yml of somebody else',
      { referenced_workflows: [{ path: 'mallory/deploy-actions/.github/workflows/rollout.yml@v1' }] },
      [],
    ],
    [
      'that called another workflow of the suite',
      { referenced_workflows: [{ path: `${rollout.replace('rollout', 'release')}@v1` }] },
      [],
    ],
    [
      'that called one of nearly the name of the suite, where nobody tells the repository of the action',
      { referenced_workflows: [{ path: 'fork/my-deploy-actions/.github/workflows/region.yml@v1' }] },
      [{ actionRepository: '' }],
    ],
    ['of a workflow without a path', { path: '' }, [{ workflowRef: '' }, ['']]],
  ])('%s is heard, and nothing is done for it', async (_, change, how) => {
    expect(await standing(change, ...how)).toEqual({
      level: 'known',
      why: expect.stringMatching(/^run 7 uses none of the workflows that may open one \(it ran /),
    })
  })

  it.each<[string, Partial<typeof run> | ProviderError, string]>([
    ['that GitHub does not know', failed(404), 'GitHub knows no run 7'],
    ['of another repository', { repository: { full_name: 'mallory/shop' } }, 'run 7 belongs to mallory/shop'],
    [
      'of the code of a fork',
      { head_repository: { full_name: 'mallory/shop' } },
      'run 7 runs the code of mallory',
    ],
    [
      'of the code of one that is gone',
      { head_repository: null },
      'run 7 runs the code of a repository that is gone',
    ],
  ])('%s is not heard', async (_, change, why) => {
    expect(await standing(change)).toEqual({ level: 'none', why: expect.stringContaining(why) })
  })

  it('whose branch does not hold what it ran proves nothing', async () => {
    const answers: Answers = { policy: { protected_branches: false }, compared: 'diverged' }
    expect(await proofs(answers).standing(7, 'production')).toEqual({
      level: 'unproven',
      why: expect.stringMatching(/^run 7 proves nothing: production takes branch main, and that branch/),
    })
  })

  it('is not guessed while GitHub does not answer, and asked for again', async () => {
    const answers: Answers = { run: failed(500) }
    const asked = proofs(answers)
    await expect(asked.standing(7, 'production')).rejects.toThrow('500')
    answers.run = run
    expect(await asked.standing(7, 'production')).toMatchObject({ level: 'known' })
    await expect(standing({ path: undefined as unknown as string })).rejects.toThrow('expected string')
  })

  it('is asked for once, with the permission that it takes', async () => {
    const asked: Answers['asked'] = []
    const { standing, uploaded } = proofs({ asked })
    for (let times = 0; times < 2; times++) await standing(7, 'production')
    await uploaded(7, 'one')
    expect(asked).toEqual([
      ['{run_id}', 7, 'actions: read'],
      ['{environment_name}', undefined, 'actions: read'],
      ['artifacts', 7, 'actions: read'],
    ])
  })
})

describe('what a run has uploaded', () => {
  const three = [
    { id: 1, name: 'one', digest: 'sha256:1' },
    { id: 2, name: 'two' },
    { id: 3, name: 'three' },
  ]

  it('is found by the first name that there is, beyond the first page, too', async () => {
    const { uploaded } = proofs({ artifacts: three })
    expect(await uploaded(7, 'none', 'one')).toEqual({ id: 1, name: 'one', digest: 'sha256:1' })
    expect(await uploaded(7, 'two', 'one')).toEqual({ id: 2, name: 'two' })
    expect(await uploaded(7, 'three')).toEqual({ id: 3, name: 'three' })
    expect(await uploaded(7, 'four')).toBeUndefined()
  })

  it('is found at the first question, too', async () => {
    expect(await proofs({ artifacts: three }).uploaded(7, 'three')).toEqual({ id: 3, name: 'three' })
    expect(await proofs({ artifacts: three.slice(0, 2) }).uploaded(7, 'two')).toEqual({ id: 2, name: 'two' })
    expect(await proofs({ artifacts: [] }).uploaded(7, 'two')).toBeUndefined()
  })

  it('is found that came after the first look', async () => {
    const artifacts = three.slice(0, 1)
    const { uploaded } = proofs({ artifacts })
    expect(await uploaded(7, 'three')).toBeUndefined()
    artifacts.push({ id: 3, name: 'three' })
    expect(await uploaded(7, 'three')).toEqual({ id: 3, name: 'three' })
  })

  it('is nothing where GitHub knows no such run, and not guessed where it does not answer', async () => {
    expect(await proofs({ artifacts: failed(404) }).uploaded(7, 'one')).toBeUndefined()
    await expect(proofs({ artifacts: failed(500) }).uploaded(7, 'one')).rejects.toThrow('500')
  })
})
