import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled, InputError } from '@deploy-actions/action-kit'
import { sources, type ConfiguredSource, type OpenedSource, type QueryResult } from '@deploy-actions/metrics'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { loadLabs } from './load-labs'
import type { OpenSourceLab, SourceLab } from './sources/source-lab'

const labs = await loadLabs<OpenSourceLab>('sources', sources)

describe.each(labs)('the $type source before $place', ({ type, open }) => {
  let lab: SourceLab
  let ports: FakePorts
  let configured: ConfiguredSource
  let source: OpenedSource
  /** where the next window begins */
  let from: Date
  const cancelReason = new Cancelled('the run was cancelled')
  const queries = () => [{ name: 'canary requests', kind: 'counter' as const, query: lab.query }]
  beforeEach(async () => {
    ports = createFakePorts({ real: true, cancelReason })
    lab = await open(ports.clock)
    ports = { ...ports, secrets: new Map(Object.entries(lab.secrets ?? {})) }
    configured = await sources.configure(lab.settings)
    source = configured.open(ports, queries())
    from = ports.clock.now()
  })
  afterEach(() => lab.close())

  /** So long that every source can tell of it. */
  const stretch = () => Math.max(10_000, 2 * source.resolution)

  /** The counter reaches `count` before the end of the window, which is asked for as soon as it is complete. */
  async function reach(count: number | undefined): Promise<QueryResult> {
    ports.clock.advance(stretch() / 2)
    lab.count(count)
    ports.clock.advance(stretch() / 2)
    return ask(ports.clock.now())
  }
  async function ask(to: Date): Promise<QueryResult> {
    // A source that lags is asked later, of the same window.
    ports.clock.advance(source.lag)
    const [result] = await source.sample(['canary requests'], { from, to }, ports.signal)
    if (result?.problem === undefined) from = result!.window.to
    return result!
  }
  /** The counter says this, and the source has had a look. */
  async function begin(count: number | undefined): Promise<void> {
    lab.count(count)
    const at = ports.clock.now()
    ports.clock.advance(source.lag)
    await source.sample(['canary requests'], { from: at, to: at }, ports.signal)
    from = source.lag === 0 ? at : ports.clock.now()
  }

  it('is called by its type, and says when its data are there', () => {
    expect(configured.written.type).toBe(type)
    for (const ms of [configured.lag, configured.resolution]) expect(ms).toBeGreaterThanOrEqual(0)
    expect([source.lag, source.resolution]).toEqual([configured.lag, configured.resolution])
    expect(configured.query.safeParse(lab.query).success).toBe(true)
  })

  it('answers what was added within the window, and which window that is', async () => {
    await begin(100)
    const asked = from
    const first = await reach(130)
    expect(first).toMatchObject({ value: 30 })
    expect(first.window.from).toEqual(asked)
    const second = await reach(130)
    expect(second).toMatchObject({ value: 0 })
    expect(second.window.from).toEqual(first.window.to)
  })

  it('loses nothing over a failure, and counts a reset from zero', async () => {
    await begin(100)
    lab.fail(true)
    expect((await reach(110)).problem?.kind).toBe('provider')
    lab.fail(false)
    ports.clock.advance(stretch())
    lab.count(140)
    ports.clock.advance(stretch())
    expect(await ask(ports.clock.now())).toMatchObject({ value: 40 })
    expect(await reach(5)).toMatchObject({ value: 5 })
  })

  it('tells a counter that is not there from a system that fails, and throws neither', async () => {
    await begin(undefined)
    expect((await reach(undefined)).problem?.kind).toBe('absent')
    lab.fail(true)
    expect((await reach(1)).problem?.kind).toBe('provider')
    await lab.leave()
    expect((await reach(1)).problem?.kind).toBe('provider')
  })

  it.each([NaN, Infinity])('gives no number for %s', async (odd) => {
    await begin(1)
    const { value, problem } = await reach(odd)
    expect([value, problem?.kind]).toEqual([undefined, expect.stringMatching(/^(nan|infinite)$/)])
  })

  it('answers only what it is asked', async () => {
    await begin(1)
    expect(await source.sample([], { from, to: ports.clock.now() }, ports.signal)).toEqual([])
  })

  it('ends with the run', async () => {
    ports.cancel()
    await expect(reach(1)).rejects.toBeInstanceOf(Cancelled)
  })

  it('leaves its calls in the evidence, and its secrets nowhere', async () => {
    if (lab.secrets) expect(() => configured.open(createFakePorts(), queries())).toThrow(InputError)
    await begin(1)
    await reach(2)
    expect(ports.recorded.calls).not.toEqual([])
    for (const secret of Object.values(lab.secrets ?? {}))
      expect(JSON.stringify([ports.recorded, configured.written])).not.toContain(secret)
  })
})
