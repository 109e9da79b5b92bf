import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { RunHandle } from '../engine-options'
import {
  entry,
  action,
  conclusions,
  jobNamed,
  stepNamed,
  testWorld,
  until,
  type TestWorld,
} from '../engine.fixture'

let world: TestWorld
afterEach(() => world.remove())

/** A workflow with one job. */
const job = (steps: string, keys = '') => `
on: workflow_dispatch
env: { LEVEL: workflow, TOP: top }
jobs:
  it:
    runs-on: ubuntu-latest
    ${keys}
    steps:
${steps.replace(/^/gm, '      ')}`
const suite = (name: string) => `acme/deploy-actions/${name}@v1`
const names = (run: { jobs: { steps: { name: string; conclusion: string | null }[] }[] }) =>
  run.jobs[0]?.steps.map((step) => `${step.name}: ${step.conclusion}`)

/** Cancels or loses once the job has written a word. */
async function once(handle: RunHandle, word: string, act: () => void) {
  await until(() =>
    handle.view.jobs.some((view) => view.steps.some((step) => step.log.includes(`\n${word}\n`))),
  )
  act()
  return handle.done
}

const quick = { terminateAfterMs: 100, killAfterMs: 100, windowMs: 10_000 }
const append = `import { appendFileSync } from 'node:fs'\n`

describe('steps', () => {
  it('talk through outputs, env and path, heredocs included', async () => {
    world = await testWorld(
      job(
        `
- id: first
  run: |
    echo "list<<END" >> $GITHUB_OUTPUT
    printf 'one\\ntwo\\nEND\\n' >> $GITHUB_OUTPUT
    echo "SHARED=yes" >> $GITHUB_ENV
    mkdir tools && printf '#!/bin/sh\\necho from-path' > tools/mine && chmod +x tools/mine
    echo "$PWD/tools" >> $GITHUB_PATH
- run: mine; echo "shared=$SHARED level=$LEVEL top=$TOP step=$STEP json=$LIST"
  env: { STEP: "\${{ env.SHARED }}-\${{ env.LEVEL }}", LIST: "\${{ toJSON(steps.first.outputs.list) }}" }
`,
        'env: { LEVEL: job }',
      ),
    )
    const last = (await world.run()).jobs[0]?.steps[2]
    expect(last?.log).toContain('from-path\nshared=yes level=job top=top step=yes-job json="one\\ntwo"\n')
  })

  it('see the environment of the runner, and little else', async () => {
    process.env.REHEARSAL_TEST_LEAK = 'x'
    world = await testWorld(
      job(`- run: 'echo "$GITHUB_JOB $GITHUB_REPOSITORY $CI [$REHEARSAL_TEST_LEAK] $GITHUB_SHA"; ls -A "$HOME" "$GITHUB_WORKSPACE"; test -w "$RUNNER_TEMP"; cat "$GITHUB_EVENT_PATH"; node --version'
  env: { GITHUB_SHA: forged }`),
    )
    const run = await world.run()
    delete process.env.REHEARSAL_TEST_LEAK
    const log = run.jobs[0]?.steps[1]?.log
    expect(log).toContain(`it acme/shop true [] ${'a'.repeat(40)}\n`)
    expect(log).toContain('"full_name": "acme/shop"')
    expect(log).toContain(process.version)
    expect(run.conclusion).toBe('success')
  })

  it('fail with their shell: bash by name has pipefail, the default has not', async () => {
    world = await testWorld(
      job(`
- run: false | true
- run: false | true
  shell: bash
  continue-on-error: true
- run: false
  shell: sh
- run: echo never
- run: echo "\${{ steps.x.outcome }}"
  if: failure()
`),
    )
    const run = await world.run()
    expect(names(run)).toEqual([
      'Set up job: success',
      'Run false | true: success',
      'Run false | true: success',
      'Run false: failure',
      'Run echo never: skipped',
      'Run echo "": success',
      'Complete job: success',
    ])
    expect(run.jobs[0]?.steps[2]).toMatchObject({ outcome: 'failure', conclusion: 'success' })
    expect(run.jobs[0]?.annotations[0]).toEqual({
      level: 'error',
      message: 'Process completed with exit code 1.',
      step: 3,
    })
    expect(run.conclusion).toBe('failure')
  })

  it('may run in a folder of a checkout, which the log says is played', async () => {
    world = await testWorld(
      job(`
- uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
  with: { persist-credentials: false }
- run: pwd; cat note.txt
  working-directory: docs
- uses: ./tool
- uses: actions/checkout@v4
  with: { submodules: true }
`),
      {
        repository: {
          'docs/note.txt': 'hello',
          ...action('tool', `console.log('local', process.env.GITHUB_ACTION)`),
        },
      },
    )
    const [one] = (await world.run()).jobs
    expect(one?.steps[0]?.log).toContain(
      'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1: played by the rehearsal',
    )
    expect(one?.steps[2]?.log).toContain('/shop/shop/docs\nhello')
    expect(one?.steps[3]?.log).toContain('local ___tool')
    expect(one?.annotations).toEqual([
      {
        level: 'error',
        message: "The input 'submodules: true' of actions/checkout is not supported by the rehearsal",
        step: 5,
      },
    ])
  })

  it('find no repository and no settings of git outside their job, and reach nobody by it', async () => {
    world = await testWorld(
      job(`
- run: git rev-parse --show-toplevel
  id: up
  continue-on-error: true
- run: 'cd "$RUNNER_TEMP/.." && git rev-parse --show-toplevel'
  id: root
  continue-on-error: true
- run: git config --global user.name stranger && git config --system user.email stranger@example.com && ls -A "$HOME"
  env: { HOME: "\${{ github.workspace }}" }
- run: git ls-remote https://127.0.0.1:1/nowhere.git
  id: away
  continue-on-error: true
- run: echo "\${{ steps.up.outcome }} \${{ steps.root.outcome }} \${{ steps.away.outcome }}"
`),
    )
    const git = (...args: string[]) => execFileSync('git', args, { cwd: world.directory, encoding: 'utf8' })
    git('init', '--quiet')
    const before = git('config', '--list', '--show-origin')
    const [one] = (await world.run()).jobs
    expect(one?.steps.at(-2)?.log).toContain('failure failure failure')
    expect(one?.steps[4]?.log).toContain("transport 'https' not allowed")
    expect(git('config', '--list', '--show-origin')).toBe(before)
  })

  it('get the repository of git that a checkout copies, with its links as they are', async () => {
    world = await testWorld(
      job(`
- uses: actions/checkout@v4
- run: echo changed > linked && git commit --quiet --all --message second && git log --oneline | wc -l
  env: { GIT_AUTHOR_NAME: a, GIT_AUTHOR_EMAIL: a@b, GIT_COMMITTER_NAME: a, GIT_COMMITTER_EMAIL: a@b }
`),
      { repository: { note: 'hello' } },
    )
    const repository = join(world.directory, 'repository')
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
        cwd: repository,
        encoding: 'utf8',
      })
    symlinkSync('note', join(repository, 'linked'))
    git('init', '--quiet')
    git('add', '--all')
    git('commit', '--quiet', '--message', 'first')
    const [one] = (await world.run()).jobs
    expect(one?.steps[2]?.log).toContain('\n2\n')
    expect(git('log', '--format=%s')).toBe('first\n')
    expect(readFileSync(join(repository, 'note'), 'utf8')).toBe('hello')
  })

  it('get the commit that they ask for, of those that the repository has', async () => {
    world = await testWorld(job('- run: true'), { repository: { note: 'before' } })
    const repository = join(world.directory, 'repository')
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
        cwd: repository,
        encoding: 'utf8',
      }).trim()
    git('init', '--quiet')
    git('add', '--all')
    git('commit', '--quiet', '--message', 'first')
    const first = git('rev-parse', 'HEAD')
    writeFileSync(join(repository, 'note'), 'now')
    git('commit', '--quiet', '--all', '--message', 'second')
    const steps = [first, 'e'.repeat(40)].map(
      (ref) =>
        `- { uses: actions/checkout@v4, with: { ref: ${ref} }, continue-on-error: true }\n- run: cat note`,
    )
    writeFileSync(join(repository, entry), job(steps.join('\n')))
    const [one] = (await world.run()).jobs
    expect(one?.steps[2]?.log).toContain('before')
    expect(one?.steps[3]?.log).toContain('which this repository does not have, is not supported')
  })

  it('end with their time, which is scaled', async () => {
    world = await testWorld(
      job(`- { run: sleep 60, timeout-minutes: 1, id: slow }
- { run: echo after, if: "failure() && steps.slow.outcome == 'failure'" }`),
      { speed: 600, cancellation: quick },
    )
    const run = await world.run()
    expect(names(run)).toContain('Run echo after: success')
    expect(run.jobs[0]?.annotations[0]?.message).toBe('The action has timed out after 1 minutes.')
  })

  it('are cancelled with a job that takes too long', async () => {
    world = await testWorld(
      job(`- run: sleep 60\n- { run: echo after, if: cancelled() }`, 'timeout-minutes: 1'),
      { speed: 600, cancellation: quick },
    )
    const run = await world.run()
    expect(names(run)).toEqual([
      'Set up job: success',
      'Run sleep 60: cancelled',
      'Run echo after: success',
      'Complete job: success',
    ])
    expect(run.jobs[0]?.conclusion).toBe('cancelled')
  })
})

describe('actions', () => {
  it('get inputs with defaults, without enforcement, and a warning for unknown ones', async () => {
    const show = `for (const name of ['INPUT_MAX-WEIGHT', 'INPUT_TWO_WORDS', 'INPUT_TOKEN', 'INPUT_NEEDED', 'INPUT_EXTRA'])
  console.log(name + '=' + process.env[name])
console.log(process.env.GITHUB_TOKEN, process.env.GITHUB_ACTION, process.env.GITHUB_ACTION_REPOSITORY, process.env.GITHUB_ACTION_REF)`
    const yaml = `inputs:
  max-weight: { description: d, default: "50" }
  two words: { description: d, default: "\${{ job.status }}-\${{ runner.os }}" }
  token: { description: d, default: "\${{ github.token }}" }
  needed: { description: d, required: true }`
    world = await testWorld(
      job(`- uses: ${suite('show')}\n  id: show\n  with: { EXTRA: 1, max-weight: "\${{ fromJSON('75') }}" }`),
      {
        suite: action('show', show, { yaml }),
      },
    )
    const [one] = (await world.run()).jobs
    const { log = '' } = one?.steps[1] ?? {}
    expect(log).toContain(
      'INPUT_MAX-WEIGHT=75\nINPUT_TWO_WORDS=success-Linux\nINPUT_TOKEN=***\nINPUT_NEEDED=undefined\nINPUT_EXTRA=1\nundefined show acme/deploy-actions v1\n',
    )
    expect(one?.annotations).toEqual([
      {
        level: 'warning',
        message:
          "Unexpected input(s) 'EXTRA', valid inputs are ['max-weight', 'two words', 'token', 'needed']",
        step: 2,
      },
    ])
  })

  it('alone see tokens, and the id token only with its permission', async () => {
    const show = `console.log(process.env.ACTIONS_RUNTIME_URL, process.env.ACTIONS_ID_TOKEN_REQUEST_URL, process.env.EXTRA)`
    const steps = `- uses: ${suite('show')}\n- run: 'echo "[$ACTIONS_RUNTIME_URL] $EXTRA"'`
    const options = {
      suite: action('show', show),
      jobEnvironment: () => ({
        ACTIONS_RUNTIME_URL: 'http://r',
        ACTIONS_ID_TOKEN_REQUEST_URL: 'http://i',
        EXTRA: 'e',
      }),
    }
    world = await testWorld(job(steps), options)
    const without = (await world.run()).jobs[0]
    await world.remove()
    world = await testWorld(job(steps, 'permissions: { id-token: write }'), options)
    const [allowed] = (await world.run()).jobs
    expect(without?.steps[1]?.log).toContain('http://r undefined e\n')
    expect(without?.steps[2]?.log).toContain('[] e\n')
    expect(allowed?.steps[1]?.log).toContain('http://r http://i e\n')
  })

  it('run their post steps in reverse, with their state, after a crash too', async () => {
    const main = `${append}appendFileSync(process.env.GITHUB_STATE, 'who=' + process.env.INPUT_WHO + '\\n')
if (process.env.INPUT_WHO === 'two') process.kill(process.pid, 'SIGKILL')`
    const post = `console.log('post of', process.env.STATE_who, process.env.INPUT_WHO)`
    const yaml = 'inputs: { who: { description: d } }'
    world = await testWorld(
      job(`
- { uses: "${suite('pair')}", name: one, with: { who: one } }
- { uses: "${suite('pair')}", name: unused, if: failure(), with: { who: unused } }
- { uses: "${suite('pair')}", name: two, with: { who: two } }
- { uses: "${suite('pair')}", name: three, with: { who: three } }
`),
      { suite: action('pair', main, { post, yaml }) },
    )
    const run = await world.run()
    expect(names(run)).toEqual([
      'Set up job: success',
      'one: success',
      'unused: skipped',
      'two: failure',
      'three: skipped',
      'Post two: success',
      'Post one: success',
      'Complete job: success',
    ])
    expect(run.jobs[0]?.steps[5]?.log).toContain('post of two two')
    expect(run.jobs[0]?.steps[6]?.log).toContain('post of one one')
    expect(run.conclusion).toBe('failure')
  })

  it('keep summaries masked, and drop one that is too large', async () => {
    const main = `${append}appendFileSync(process.env.GITHUB_STEP_SUMMARY, process.env.INPUT_TEXT === 'big' ? 'x'.repeat(1048577) : '# key ' + process.env.KEY)`
    const yaml = 'inputs: { text: { description: d } }'
    world = await testWorld(
      job(`
- { uses: "${suite('tell')}", env: { KEY: "\${{ secrets.KEY }}" } }
- { uses: "${suite('tell')}", with: { text: big } }
`),
      { suite: action('tell', main, { yaml }), secrets: { KEY: 'swordfish' } },
    )
    const run = await world.run()
    expect(run.jobs[0]?.steps[1]?.summary).toBe('# key ***')
    expect(run.jobs[0]?.steps[2]).not.toHaveProperty('summary')
    expect(run.jobs[0]?.annotations).toMatchObject([
      { level: 'error', message: expect.stringContaining('upload aborted') },
    ])
    expect(run.conclusion).toBe('success')
  })
})

describe('cancelling a job', () => {
  const recorder = (onInt: string) => `${append}
process.on('SIGINT', () => { console.log('got SIGINT'); ${onInt} })
process.on('SIGTERM', () => console.log('got SIGTERM'))
setInterval(() => {}, 1000)
console.log('ready')`

  it('interrupts the step, then runs what asks for it, and post steps', async () => {
    world = await testWorld(
      job(`
- { uses: "${suite('canary')}", name: canary }
- { run: echo, name: next }
- { run: echo, name: undo, if: cancelled() }
`),
      { suite: action('canary', recorder('process.exit(0)'), { post: `console.log('restored')` }) },
    )
    const handle = await world.start()
    const run = await once(handle, 'ready', handle.cancel)
    expect(names(run)).toEqual([
      'Set up job: success',
      'canary: cancelled',
      'next: skipped',
      'undo: success',
      'Post canary: success',
      'Complete job: success',
    ])
    expect(stepNamed(jobNamed(run, 'it'), 'canary').log).toContain('got SIGINT\n')
    expect(stepNamed(jobNamed(run, 'it'), 'canary').log).not.toContain('SIGTERM')
    expect(stepNamed(jobNamed(run, 'it'), 'Post canary').log).toContain('restored\n')
  })

  it('terminates and then kills the whole tree of a step that does not listen', async () => {
    const child = `import { spawn } from 'node:child_process'\nspawn('sh', ['-c', 'sleep 0.6; echo late > late.txt'])\n`
    world = await testWorld(job(`- { uses: "${suite('deaf')}", name: deaf }`), {
      suite: action('deaf', child + recorder('')),
      cancellation: quick,
    })
    const handle = await world.start()
    const run = await once(handle, 'ready', handle.cancel)
    expect(stepNamed(jobNamed(run, 'it'), 'deaf').log).toMatch(/got SIGINT\ngot SIGTERM\n/)
    expect(jobNamed(run, 'it').conclusion).toBe('cancelled')
    await sleep(800)
    expect(
      existsSync(join(world.directory, 'work', `job-${run.jobs[0]?.id}`, 'shop', 'shop', 'late.txt')),
    ).toBe(false)
  })

  it('leaves a step alone that asks for always(), until the window closes', async () => {
    world = await testWorld(
      job(
        `- { uses: "${suite('stubborn')}", if: always(), name: stubborn }\n- { run: echo, if: always(), name: after }`,
      ),
      {
        suite: action('stubborn', recorder(''), { post: `console.log('never')` }),
        cancellation: { terminateAfterMs: 100, killAfterMs: 100, windowMs: 300 },
      },
    )
    const handle = await world.start()
    const run = await once(handle, 'ready', handle.cancel)
    const one = jobNamed(run, 'it')
    expect(stepNamed(one, 'stubborn').log).not.toContain('SIGINT')
    expect(one.steps.map((step) => step.name)).not.toContain('after')
    expect(one.steps.map((step) => step.name)).not.toContain('Post stubborn')
    expect(one).toMatchObject({ conclusion: 'cancelled' })
  })
})

describe('losing a runner', () => {
  it('fails the job without post steps or summaries, and the run goes on', async () => {
    const main = `${append}appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'lost'); console.log('ready'); setInterval(() => {}, 1000)`
    world = await testWorld(
      `${job(`- { uses: "${suite('canary')}", name: canary }\n- { run: echo, if: always() }`)}
  guard:
    needs: it
    if: always() && needs.it.result == 'failure'
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`,
      { suite: action('canary', main, { post: `console.log('never')` }) },
    )
    const handle = await world.start()
    const run = await once(handle, 'ready', () => {
      expect(handle.loseRunner((view) => view.key === 'guard')).toBe(false)
      expect(handle.loseRunner((view) => view.key === 'it')).toBe(true)
    })
    expect(conclusions(run)).toEqual({ it: 'failure', guard: 'success' })
    const lost = jobNamed(run, 'it')
    expect(lost.steps.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'Set up job: completed',
      'canary: in_progress',
    ])
    expect(lost.steps[1]).not.toHaveProperty('summary')
    expect(lost.annotations).toMatchObject([
      { level: 'error', message: expect.stringContaining('lost communication') },
    ])
  })
})

describe('a machine that stands still', () => {
  it('counts as lost, and does what it had left to do when it wakes, as its steps end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'suspended-'))
    const woken = join(folder, 'woken')
    const main = `${append}console.log('ready'); setTimeout(() => { appendFileSync('${woken}', 'main '); process.exit(1) }, 300)`
    world = await testWorld(
      `${job(`- { uses: "${suite('canary')}", name: canary }\n- { run: 'echo never >> ${woken}' }`)}
  guard:
    needs: it
    if: always() && needs.it.result == 'failure'
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`,
      { suite: action('canary', main, { post: `${append}appendFileSync('${woken}', 'post')` }) },
    )
    const handle = await world.start()
    const held: { wake?: () => Promise<void> } = {}
    const run = await once(handle, 'ready', () => {
      held.wake = handle.suspendRunner((view) => view.key === 'it')
    })
    expect(conclusions(run)).toEqual({ it: 'failure', guard: 'success' })
    await expect(readFile(woken, 'utf8')).rejects.toThrow('ENOENT')
    await held.wake?.()
    expect(await readFile(woken, 'utf8')).toBe('main post')
    expect(conclusions(run)).toEqual({ it: 'failure', guard: 'success' })
    await rm(folder, { recursive: true, force: true })
  })
})

describe('ending a run by force', () => {
  it('kills what runs, posts included, and begins nothing any more', async () => {
    const main = `${append}console.log('ready'); setInterval(() => {}, 1000)`
    world = await testWorld(
      `${job(`- { uses: "${suite('canary')}", name: canary }\n- { run: echo, if: always() }`)}
  guard:
    needs: it
    if: always()
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`,
      { suite: action('canary', main, { post: `console.log('never')` }) },
    )
    const handle = await world.start()
    const run = await once(handle, 'ready', handle.forceCancel)
    expect(conclusions(run)).toEqual({ it: 'cancelled', guard: 'cancelled' })
    expect(run.conclusion).toBe('cancelled')
    expect(jobNamed(run, 'it').steps.map(({ name }) => name)).toEqual(['Set up job', 'canary'])
  })
})
