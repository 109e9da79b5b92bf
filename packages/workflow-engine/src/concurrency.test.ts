import { describe, expect, it } from '@jest/globals'
import { ConcurrencyGroups, type Entrant, type Entry } from './concurrency'
import { conclusions, jobNamed, testWorld } from './engine.fixture'

const entrant = (change: Partial<Entrant> = {}): Entrant => ({
  group: 'deploy',
  queue: 'single',
  cancelInProgress: false,
  evict: () => {},
  signal: new AbortController().signal,
  ...change,
})

/** Notes who came in, or why not, in the order it happened. */
const watch = (log: string[], name: string, entry: Promise<Entry>) =>
  entry.then((answer) => {
    log.push(answer.entered ? `${name} in` : `${name}: ${answer.message}`)
    return answer
  })
const turn = () => new Promise((resolve) => setImmediate(resolve))
const leave = (entry: Entry) => (entry.entered ? entry.leave() : undefined)

describe('concurrency groups', () => {
  it('let one in, whatever the case of the name, and keep only the newest waiting', async () => {
    const groups = new ConcurrencyGroups()
    const log: string[] = []
    const first = await watch(log, 'first', groups.enter(entrant()))
    void watch(log, 'second', groups.enter(entrant({ group: 'DEPLOY' })))
    const third = watch(log, 'third', groups.enter(entrant()))
    await turn()
    leave(first)
    leave(await third)
    expect(log).toEqual([
      'first in',
      "second: Canceling since a higher priority waiting request for 'deploy' exists",
      'third in',
    ])
    expect((await groups.enter(entrant())).entered).toBe(true)
  })

  it('keep up to a hundred waiting with queue: max, in the order they came', async () => {
    const groups = new ConcurrencyGroups()
    const log: string[] = []
    const max = entrant({ queue: 'max' })
    const first = await groups.enter(max)
    const waiting = Array.from({ length: 101 }, (_, index) => watch(log, String(index), groups.enter(max)))
    await turn()
    expect(log).toEqual(["100: Canceling since 100 already wait in the concurrency group 'deploy'"])
    log.length = 0
    leave(first)
    for (const entry of waiting.slice(0, 100)) leave(await entry)
    expect(log).toEqual(Array.from({ length: 100 }, (_, index) => `${index} in`))
  })

  it('cancel who is inside and who waits for a newcomer with cancel-in-progress', async () => {
    const groups = new ConcurrencyGroups()
    const log: string[] = []
    const max = { queue: 'max' as const }
    const inside = await groups.enter(entrant({ ...max, evict: () => log.push('evicted') }))
    void watch(log, 'waiting', groups.enter(entrant(max)))
    const emergency = watch(log, 'emergency', groups.enter(entrant({ cancelInProgress: true })))
    await turn()
    expect(log).toEqual([
      'evicted',
      "waiting: Canceling since a higher priority waiting request for 'deploy' exists",
    ])
    leave(inside)
    expect((await emergency).entered).toBe(true)
  })

  it('forget who gives up waiting', async () => {
    const groups = new ConcurrencyGroups()
    const giveUp = new AbortController()
    const inside = await groups.enter(entrant())
    const impatient = groups.enter(entrant({ queue: 'max', signal: giveUp.signal }))
    const patient = groups.enter(entrant({ queue: 'max' }))
    giveUp.abort()
    expect(await impatient).toEqual({ entered: false, message: 'The operation was canceled.' })
    leave(inside)
    expect((await patient).entered).toBe(true)
  })
})

describe('concurrency in workflows', () => {
  const callee = (group: string) => ({
    '.github/workflows/callee.yml': `
on: workflow_call
jobs:
  deploy:
    concurrency: ${group}
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`,
  })
  const caller = `
on: workflow_dispatch
jobs:
  call:
    concurrency: { group: "Shop-\${{ github.ref_name }}", queue: max }
    uses: ./.github/workflows/callee.yml
`

  it('is a deadlock where caller and callee name the same group', async () => {
    const world = await testWorld(caller, { repository: callee('shop-main') })
    const run = await world.run()
    expect(jobNamed(run, 'call / deploy')).toMatchObject({
      conclusion: 'failure',
      annotations: [
        {
          message:
            "Canceling since a deadlock was detected for concurrency group: 'shop-main' between call and 'deploy'",
        },
      ],
    })
    await world.remove()
  })

  it('holds the group for the whole called workflow, over runs of one engine', async () => {
    let inside = 0
    let most = 0
    const world = await testWorld(caller, {
      repository: callee('other'),
      onEvent: (event) => {
        if (event.type !== 'job') return
        if (event.job.status === 'in_progress') most = Math.max(most, ++inside)
        if (event.job.status === 'completed') inside--
      },
    })
    const runs = await Promise.all([world.start(), world.start(), world.start()])
    const ended = await Promise.all(runs.map((run) => run.done))
    expect(ended.map(conclusions)).toEqual(ended.map(() => ({ 'call / deploy': 'success' })))
    expect(most).toBe(1)
    await world.remove()
  })

  it('cancels an older pending run of a workflow-level group', async () => {
    const world = await testWorld(`
on: workflow_dispatch
concurrency: rollout
jobs:
  a: { runs-on: ubuntu-latest, steps: [{ run: "true" }] }
`)
    const runs = await Promise.all([world.start(), world.start(), world.start()])
    const ended = await Promise.all(runs.map((run) => run.done))
    expect(ended.map((run) => run.conclusion)).toEqual(['success', 'cancelled', 'success'])
    await world.remove()
  })

  it('refuses queue: max together with cancel-in-progress', async () => {
    const world = await testWorld(`
on: workflow_dispatch
concurrency: { group: x, queue: max, cancel-in-progress: true }
jobs:
  a: { runs-on: ubuntu-latest, steps: [{ run: "true" }] }
`)
    await expect(world.start()).rejects.toThrow("cannot be combined with 'cancel-in-progress: true'")
    await world.remove()
  })
})
