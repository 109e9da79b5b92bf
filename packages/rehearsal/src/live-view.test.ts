import { describe, expect, it } from '@jest/globals'
import xterm from '@xterm/headless'
import fc from 'fast-check'
import type { RegionReading } from '@deploy-actions/embedded-regions'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import { frameLines, type RegionRow } from './frame'
import { canRedraw, liveView } from './live-view'
import type { RegionResult, RehearsalResult } from './result'

/** A real terminal's idea of what was written: its lines from the first on, those that scrolled away included. */
class TestScreen {
  #terminal: xterm.Terminal
  readonly #written: Promise<void>[] = []

  constructor(
    public columns: number,
    public rows = 24,
  ) {
    // The terminal's driver turns a newline into a new line's beginning.
    this.#terminal = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true })
  }

  write(text: string): void {
    // tmux would keep every frame in its history.
    expect(text).not.toMatch(/A\u001b\[\d?J/)
    this.#written.push(new Promise((done) => this.#terminal.write(text, done)))
  }

  async resize(columns: number): Promise<void> {
    await Promise.all(this.#written)
    this.#terminal.resize(columns, this.rows)
    this.columns = columns
  }

  async lines(): Promise<string[]> {
    await Promise.all(this.#written)
    const { active } = this.#terminal.buffer
    const all = Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? '',
    )
    return all.slice(0, all.findLastIndex((line) => line !== '') + 1)
  }
}

const names = ['us-east', 'eu-west', 'apac-se']
const reading = (green: number, requests: number): RegionReading => ({
  weights: { blue: 10_000 - green, green },
  effective: { blue: 10_000 - green, green },
  arms: {},
  baseline: 'blue',
  commands: [],
  requests,
  failed: { app: Math.floor(requests / 1000), proxy: 0, connection: 0 },
  failingSeconds: 0,
})
const readings = (green: number, requests: number) =>
  Object.fromEntries(names.map((name) => [name, reading(green, requests)]))
const now = new Date('2026-11-21T10:03:20Z')
const step = 'Walk the canary stages, watch each of them, and take the traffic back when one fails'
const reason =
  'canary 1,043 of 25,120 requests failed (4.2%), baseline 12 of 24,901 (0.0%); evidence 1:1,204,000'

function runWith(status: JobView['status']): { run: RunView; job: JobView } {
  const job = {
    id: 7,
    key: 'deploy',
    name: 'rollout / eu-west / deploy',
    status,
    workflowFile: '.github/workflows/region.yml',
    steps: [{ name: step, status: 'in_progress' }],
  } as unknown as JobView
  return { run: { id: 1001, jobs: [job] } as unknown as RunView, job }
}

const region = (name: string, change: Partial<RegionResult>): RegionResult => ({
  name,
  outcome: 'not-started',
  proceeded: true,
  weights: { before: { blue: 10_000, green: 0 }, after: { blue: 10_000, green: 0 } },
  held: [],
  arms: { before: {}, after: {} },
  serving: { blue: 10_000, green: 0 },
  stages: [],
  rolledBack: false,
  rollbackVerified: false,
  rollbackMs: null,
  rollbackFrom: null,
  exposureMs: null,
  requests: 12_345,
  failed: 12,
  failedOutsideApp: 0,
  failingSeconds: 0,
  githubCalls: 0,
  githubRoutes: {},
  commands: [],
  marks: [],
  ...change,
})
const result = {
  conclusion: 'failure',
  wallMs: 61_700,
  speed: 60,
  regions: [
    region('us-east', { outcome: 'promoted', weights: { before: {}, after: { blue: 0, green: 10_000 } } }),
    region('eu-west', {
      outcome: 'restore-failed',
      stages: [{ weight: 1000, verdict: 'fail', reason, durationMs: 1 }],
    }),
    region('apac-se', { requests: 11_111, failed: 7 }),
  ],
} as unknown as RehearsalResult

/** What the result above looks like at 80 columns: 16 are left for the bar beside 7, 19, 8, 6, 14 and five gaps. */
const conclusion = [
  'failure',
  'region   canary            weights              requests  failed',
  'us-east  ████████████████  blue 0%, green 100%     12345      12  promoted',
  'eu-west  ░░░░░░░░░░░░░░░░  blue 100%, green 0%     12345      12  restore-failed',
  '         10%: fail: canary 1,043 of 25,120 requests failed (4.2%), baseline 12 …',
  'apac-se  ░░░░░░░░░░░░░░░░  blue 100%, green 0%     11111       7  not-started',
]

function play(view: ReturnType<typeof liveView>, frames: number): void {
  const { run, job } = runWith('in_progress')
  for (let frame = 0; frame < frames; frame++) {
    view.look(run, readings(Math.round((10_000 * frame) / frames), 400 * frame), now)
    if (frame === 10)
      view.progress(job, {
        kind: 'verdict',
        at: now.toISOString(),
        stage: 0,
        weight: 1000,
        verdict: 'inconclusive',
        reason,
        final: false,
      })
  }
}

describe('the live view', () => {
  it('leaves nothing behind but what was said and its last frame, which is the conclusion', async () => {
    const screen = new TestScreen(80)
    const view = liveView(screen)
    play(view, 200)
    view.say('production-eu-west: approved')
    play(view, 200)
    view.end(result)
    expect(await screen.lines()).toEqual(['production-eu-west: approved', ...conclusion])
  })

  it('shows while it runs where each region stands, and why', async () => {
    const screen = new TestScreen(80)
    play(liveView(screen), 200)
    expect(await screen.lines()).toEqual([
      '10:03:20  run 1001',
      'region   canary         weights                 requests  failed',
      'us-east  █████████████  blue 0.5%, green 99.5%     79600      79',
      'eu-west  █████████████  blue 0.5%, green 99.5%     79600      79  inconclusive',
      expect.stringMatching(/^ {9}deploy: 10%: inconclusive: canary 1,043 of 25,120 .*…$/),
      'apac-se  █████████████  blue 0.5%, green 99.5%     79600      79',
    ])
  })

  it('leaves nothing behind when the window becomes narrower, or wider again', async () => {
    const screen = new TestScreen(100)
    const view = liveView(screen)
    play(view, 50)
    await screen.resize(60)
    play(view, 50)
    await screen.resize(120)
    play(view, 50)
    await screen.resize(80)
    view.end(result)
    expect(await screen.lines()).toEqual(conclusion)
  })

  it('stays within a window that is lower than its table', async () => {
    const screen = new TestScreen(80, 5)
    const view = liveView(screen)
    play(view, 50)
    view.end(result)
    expect(await screen.lines()).toEqual(conclusion.slice(0, 4))
  })

  it('says what is long in full, above itself', async () => {
    const screen = new TestScreen(80)
    const view = liveView(screen)
    const long = `eu-west / deploy: ${'x'.repeat(200)}`
    play(view, 3)
    view.say(long)
    view.end(result)
    expect((await screen.lines()).join('')).toBe(long + conclusion.join(''))
  })

  it('keeps what was said when the rehearsal breaks down', async () => {
    const screen = new TestScreen(80)
    const view = liveView(screen)
    view.say('speed 60 is lowered to 30')
    view.end()
    expect(await screen.lines()).toEqual(['speed 60 is lowered to 30'])
  })
})

describe('a frame', () => {
  const row = fc.record<RegionRow>({
    name: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }),
    weights: fc.constantFrom({ blue: 10_000, green: 0 }, { blue: 39, green: 9961 }),
    baseline: fc.constant('blue'),
    requests: fc.nat(10_000_000),
    failed: fc.nat(100_000),
    state: fc.constantFrom('', 'pass', 'restore-failed'),
    about: fc.string({ maxLength: 300, unit: 'grapheme-ascii' }),
  })

  it('is never wider than its terminal', () =>
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 250 }),
        (rows, columns) =>
          frameLines('10:03:20  run 1001', rows, columns).every((line) => line.length <= columns),
      ),
    ))

  it('has all its figures at 80 columns, with names and numbers at their longest', () => {
    const [, , figures] = frameLines(
      '',
      [
        {
          name: 'ap-southeast-2',
          weights: { blue: 39, green: 9961 },
          baseline: 'blue',
          requests: 1_234_567,
          failed: 12_345,
          state: 'restore-failed',
        },
      ],
      80,
    )
    expect(figures).toMatch(/^ap-southeast-2 .* 1234567 +12345 +restore-failed$/)
  })
})

describe('whether a view can draw over itself', () => {
  it.each([
    [true, { isTTY: true }, { TERM: 'xterm-256color' }],
    [true, { isTTY: true }, { TERM: 'xterm', CI: 'false' }],
    [false, {}, { TERM: 'xterm' }],
    [false, { isTTY: true }, { TERM: 'dumb' }],
    [false, { isTTY: true }, { TERM: 'xterm', CI: 'true' }],
    [false, { isTTY: true }, { TERM: 'xterm', CI: '1' }],
  ])('%s: %j, %j', (expected, output, environment) => expect(canRedraw(output, environment)).toBe(expected))
})
