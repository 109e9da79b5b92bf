import { afterEach, describe, expect, it } from '@jest/globals'
import { action, conclusions, jobNamed, testWorld, until, type TestWorld } from './engine.fixture'

let world: TestWorld
afterEach(() => world.remove())

const ok = `runs-on: ubuntu-latest
    steps: [{ run: "true" }]`
const bad = `runs-on: ubuntu-latest
    steps: [{ run: "false" }]`
const waits = action(
  'wait',
  `process.on('SIGINT', () => process.exit(1)); setInterval(() => {}, 1000); console.log('waiting')`,
)
const waiting = `runs-on: ubuntu-latest
    steps: [{ uses: acme/deploy-actions/wait@v1 }]`

describe('needs and conditions', () => {
  it('passes a skip on to all descendants, except those that ask for a result themselves', async () => {
    world = await testWorld(`
on: workflow_dispatch
jobs:
  soak:
    if: github.ref == 'refs/heads/other'
    ${ok}
  prepare:
    needs: soak
    if: \${{ !cancelled() && !failure() }}
    ${ok}
  deploy:
    needs: prepare
    ${ok}
  repaired:
    needs: prepare
    if: \${{ !cancelled() && needs.prepare.result == 'success' }}
    ${ok}
`)
    const run = await world.run()
    // actions/runner#2205: deploy is skipped although its only need, prepare, succeeded.
    expect(conclusions(run)).toEqual({
      soak: 'skipped',
      prepare: 'success',
      deploy: 'skipped',
      repaired: 'success',
    })
    expect(run.conclusion).toBe('success')
  })

  it('implies success(), and reads a folded condition as one expression', async () => {
    world = await testWorld(`
on: workflow_dispatch
jobs:
  plan:
    ${bad}
  implied:
    needs: plan
    if: github.actor == 'ann'
    ${ok}
  restore:
    needs: [plan, implied]
    if: >-
      failure() &&
      needs.plan.result == 'failure' &&
      needs.implied.result == 'skipped'
    ${ok}
`)
    const run = await world.run()
    expect(conclusions(run)).toEqual({ plan: 'failure', implied: 'skipped', restore: 'success' })
    expect(run.conclusion).toBe('failure')
  })

  it('counts a job that may fail as a success for those that need it', async () => {
    world = await testWorld(`
on: workflow_dispatch
jobs:
  lint:
    continue-on-error: true
    ${bad}
  build:
    needs: lint
    ${ok}
`)
    const run = await world.run()
    expect(conclusions(run)).toEqual({ lint: 'failure', build: 'success' })
    expect(run.conclusion).toBe('success')
  })

  it('gives outputs of jobs as texts, and none that hold a secret', async () => {
    world = await testWorld(
      `
on: workflow_dispatch
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs:
      count: \${{ steps.it.outputs.count }}
      leak: \${{ steps.it.outputs.leak }}
    steps:
      - id: it
        run: |
          echo "count=3" >> $GITHUB_OUTPUT
          echo "leak=key is $KEY" >> $GITHUB_OUTPUT
        env: { KEY: "\${{ secrets.KEY }}" }
  use:
    needs: plan
    if: needs.plan.outputs.count == '3' && needs.plan.outputs.leak == ''
    ${ok}
`,
      { secrets: { KEY: 'swordfish' } },
    )
    const run = await world.run()
    expect(conclusions(run)).toEqual({ plan: 'success', use: 'success' })
    expect(jobNamed(run, 'plan').annotations).toEqual([
      { level: 'warning', message: "Skip output 'leak' since it may contain secret." },
    ])
  })
})

describe('cancelling a run', () => {
  it('ends running jobs, skips what follows, and still runs what asks for always()', async () => {
    world = await testWorld(
      `
on: workflow_dispatch
jobs:
  deploy:
    ${waiting}
  next:
    needs: deploy
    ${ok}
  guard:
    needs: deploy
    if: always() && needs.deploy.result == 'cancelled'
    ${ok}
`,
      { suite: waits },
    )
    const handle = await world.start()
    await until(() => handle.view.jobs.some((job) => job.steps.some((step) => step.log.includes('waiting'))))
    handle.cancel()
    const run = await handle.done
    expect(conclusions(run)).toEqual({ deploy: 'cancelled', next: 'skipped', guard: 'success' })
    expect(run.conclusion).toBe('cancelled')
  })

  it('leaves a running job alone whose condition still holds', async () => {
    world = await testWorld(
      `
on: workflow_dispatch
jobs:
  guard:
    if: always()
    runs-on: ubuntu-latest
    steps: [{ uses: acme/deploy-actions/brief@v1 }]
  deploy:
    ${waiting}
`,
      { suite: { ...waits, ...action('brief', `console.log('waiting'); setTimeout(() => {}, 300)`) } },
    )
    const handle = await world.start()
    await until(
      () =>
        handle.view.jobs.filter((job) => job.steps.some((step) => step.log.includes('waiting'))).length === 2,
    )
    handle.cancel()
    expect(conclusions(await handle.done)).toEqual({ guard: 'success', deploy: 'cancelled' })
  })

  it('cancels what has not begun, and keeps skips apart from it', async () => {
    world = await testWorld(`
on: workflow_dispatch
jobs:
  first:
    ${ok}
  other:
    if: github.actor == 'bob'
    ${ok}
  next:
    needs: first
    ${ok}
`)
    const handle = await world.start()
    handle.cancel()
    const run = await handle.done
    expect(conclusions(run)).toEqual({ first: 'cancelled', other: 'skipped', next: 'skipped' })
    expect(run.conclusion).toBe('cancelled')
  })

  it('cancels a job that waits for its approval', async () => {
    world = await testWorld(
      `
on: workflow_dispatch
jobs:
  deploy:
    environment: production
    ${ok}
`,
      { approve: () => new Promise(() => {}) },
    )
    const handle = await world.start()
    await until(() => handle.view.jobs[0]?.status === 'waiting')
    handle.cancel()
    expect(jobNamed(await handle.done, 'deploy')).toMatchObject({ conclusion: 'cancelled', steps: [] })
  })
})

describe('environments', () => {
  it('runs no step of a rejected job, and the guard after it', async () => {
    const asked: unknown[] = []
    world = await testWorld(
      `
on:
  workflow_dispatch: { inputs: { environment: { type: string, required: true } } }
jobs:
  deploy:
    environment: { name: "\${{ inputs.environment }}", deployment: false }
    ${ok}
  guard:
    needs: deploy
    if: always()
    environment: \${{ inputs.environment }}-guard
    ${ok}
`,
      {
        approve: async ({ environment, job, attempt }) => {
          asked.push([environment, job.key, job.status, attempt])
          return environment === 'prod-eu'
            ? { state: 'rejected', comment: 'not today' }
            : { state: 'approved' }
        },
      },
    )
    const run = await world.run({ environment: 'prod-eu' })
    expect(asked).toEqual([
      ['prod-eu', 'deploy', 'waiting', 1],
      ['prod-eu-guard', 'guard', 'waiting', 1],
    ])
    expect(jobNamed(run, 'deploy')).toMatchObject({
      conclusion: 'failure',
      steps: [],
      startedAt: null,
      environment: 'prod-eu',
      deployment: false,
      annotations: [{ level: 'error', message: "The deployment to 'prod-eu' was rejected: not today" }],
    })
    expect(jobNamed(run, 'guard')).toMatchObject({ conclusion: 'success', deployment: true })
    expect(run.conclusion).toBe('failure')
  })
})

describe('one run again', () => {
  it('keeps its id and counts the attempt', async () => {
    world = await testWorld(`
on: workflow_dispatch
jobs:
  show:
    runs-on: ubuntu-latest
    steps: [{ run: "echo id=$GITHUB_RUN_ID attempt=$GITHUB_RUN_ATTEMPT" }]
`)
    const first = await world.run()
    const second = await (await world.start({ rerunOf: first })).done
    const { id, number, createdAt } = first
    expect(second).toMatchObject({ id, number, createdAt, attempt: 2 })
    expect(second.jobs[0]?.steps[1]?.log).toContain(`id=${first.id} attempt=2`)
    expect(second.jobs[0]?.id).not.toBe(first.jobs[0]?.id)
  })
})
