import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { callersIn, suiteOf } from './callers'
import { callerFindings } from './doctor/callers'
import { init } from './init-command'
import { readConfig } from './validate-command'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'init-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

type Options = Parameters<typeof init>[0]
const options = (change: Partial<Options> = {}): Options => ({
  service: 'shop',
  suite: 'acme/deploy-actions',
  region: ['us-east=production-us-east,proxy=10.1.0.5', 'eu-west=production-eu-west,proxy=10.2.0.5'],
  order: 'delayed',
  delay: '30m',
  router: "{ type: haproxy, host: '${vars.proxy}', port: 9999, backend: app }",
  metricsPage: 'http://${vars.proxy}:8404/metrics',
  config: 'rollout.yml',
  branch: 'main',
  only: [],
  ...change,
})
const run = (change: Partial<Options> = {}, ask?: (question: string) => Promise<string>) =>
  init(options(change), { folder, ask })
const written = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort()
const ALL = [
  ...['deploy', 'emergency-rollback', 'steer', 'sweeper'].map((name) => `.github/workflows/${name}.yml`),
  'rollout.yml',
]

describe('what init writes', () => {
  const { delay: _, ...undelayed } = options({ order: 'serial' })
  it.each<[string, Options]>([
    ['as it is mostly asked for', options()],
    ['under another name', options({ config: 'deploy/rollout.prod.yml' })],
    [
      'for one region, with a router of its own',
      {
        ...undelayed,
        region: ['eu=it\'s "production", here=1'],
        router: '{ type: haproxy, hosts: [a.example.com, b.example.com], port: 1, backend: x_y }',
        metricsPage: 'http://a.example.com/metrics',
      },
    ],
  ])('is valid and can be called, %s', async (_, given) => {
    await init(given, { folder })
    const { configs, ...look } = await readConfig(join(folder, given.config))
    expect(configs.map(({ region }) => region.name)).toEqual(given.region.map((text) => text.split('=')[0]))
    const callers = await callersIn(folder)
    expect(callers.map(({ path, errors }) => ({ path, errors }))).toEqual(
      ['deploy', 'emergency-rollback', 'steer', 'sweeper'].map((name) => ({
        path: `.github/workflows/${name}.yml`,
        errors: [],
      })),
    )
    expect(callerFindings(callers, { file: look.file, confirms: true })).toEqual([])
    expect(suiteOf(callers)).toBe('acme/deploy-actions')
    const [deploy] = callers[0]?.calls ?? []
    expect(deploy?.inputs['config'] ?? 'rollout.yml').toBe(given.config)
  })

  it('is told, with what creates the environments and what comes next', async () => {
    const told = (await run()).join('\n')
    expect(await written()).toEqual(ALL)
    expect(told).toContain(
      'written: rollout.yml, .github/workflows/deploy.yml, .github/workflows/emergency-rollback.yml, .github/workflows/steer.yml, .github/workflows/sweeper.yml',
    )
    for (const name of ['production-us-east', 'production-us-east-guard', 'production-eu-west-guard'])
      expect(told).toContain(`environments/${name}' `)
    expect(told).toMatch(
      /Next:\n1\. [^]*npx github:acme\/deploy-actions#v1 doctor rollout\.yml \\\n +--repository OWNER\/NAME$/m,
    )
  })

  it('is nothing in a dry run, which prints it', async () => {
    const told = (await run({ dryRun: true })).join('\n')
    expect(await written()).toEqual([])
    expect(told).toContain('# .github/workflows/deploy.yml\nname: Deploy')
    expect(told).toContain('nothing was written')
  })

  it('is one part alone where that is asked for', async () => {
    await run({ only: ['emergency-rollback'], region: [] })
    expect(await written()).toEqual(['.github/workflows/emergency-rollback.yml'])
  })
})

describe('init leaves everything as it is', () => {
  const problems = async (ended: Promise<unknown>): Promise<string> => {
    const error = await ended.catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(InputError)
    return (error as Error).message
  }

  it('where files are there, all of which it names', async () => {
    await run({ only: ['config'] })
    await writeFile(join(folder, 'rollout.yml'), 'mine')
    await run({ only: ['deploy'] })
    expect(await problems(run())).toBe(
      ['rollout.yml', '.github/workflows/deploy.yml']
        .map(
          (path) => `${path}: is there already and stays as it is; move it away, or leave it out with --only`,
        )
        .join('\n'),
    )
    expect(await written()).toEqual(['.github/workflows/deploy.yml', 'rollout.yml'])
    expect(await readFile(join(folder, 'rollout.yml'), 'utf8')).toBe('mine')
  })

  it('where one of them cannot be written', async () => {
    await writeFile(join(folder, '.github'), 'a file')
    expect(await problems(run())).toMatch(/deploy\.yml: cannot be written, and nothing was: /)
    expect(await written()).toEqual(['.github'])
  })

  it('where options are missing or cannot be read, which are named together', async () => {
    const { service: _, suite: __, ...rest } = options({ region: ['eu'] })
    const message = await problems(init(rest, { folder }))
    expect(message).toMatch(
      /^--service: is missing\n--suite: is missing; write .*\n--region: eu is not NAME=ENVIRONMENT/,
    )
    expect(await problems(run({ region: ['eu=production'] }))).toMatch(/vars\.proxy/)
    expect(await problems(run({ service: 'my shop' }))).toMatch(/is not a name/)
    expect(await written()).toEqual([])
  })
})

it('asks a person for what is missing', async () => {
  const asked: string[] = []
  const answers = ['', 'shop', 'acme/deploy-actions', 'eu=production-eu,proxy=10.0.0.1', '']
  const { service: _, suite: __, ...rest } = options({ region: [] })
  await init(rest, {
    folder,
    ask: async (question) => {
      asked.push(question)
      return answers.shift() ?? ''
    },
  })
  expect(asked).toHaveLength(5)
  expect((await readConfig(join(folder, 'rollout.yml'))).file).toMatchObject({
    service: 'shop',
    regions: [{ name: 'eu' }],
  })
})
