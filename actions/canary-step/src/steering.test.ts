import { describe, expect, it } from '@jest/globals'
import type { StageDecision } from '@deploy-actions/analysis'
import type { Followed, GivenInstruction, InstructionKind } from '@deploy-actions/ledger'
import type { JobTransaction } from '@deploy-actions/transaction'
import { createFakePorts } from '@deploy-actions/testing'
import { transactionRecord } from '../../../packages/ledger/src/record.fixture'
import { createSteering, steer, type Heard, type Patience } from './steering'

const minutes = (count: number): number => count * 60_000
const given = (kind: InstructionKind, number = 1, stage?: number): GivenInstruction => ({
  ...{ kind, number, by: 'ann', reason: 'ticket 7' },
  ...(stage !== undefined && { stage }),
})

describe('a decision, by what people have said', () => {
  const passed: StageDecision = { verdict: 'pass', final: true, then: 'next', reason: 'no worse' }
  const failed: StageDecision = { verdict: 'fail', final: true, then: 'rollback', reason: 'worse' }
  const goesOn: StageDecision = { verdict: 'pass', final: false, reason: 'no worse' }
  const lean: StageDecision = { verdict: 'inconclusive', final: true, then: 'rollback', reason: 'too few' }
  const none = { all: [], confirmed: new Set<number>() }
  const hold: Heard = { ...none, hold: given('hold') }
  const skip: Heard = { ...none, skip: given('skip') }
  const nobody: Heard = none
  const confirm = { withinMs: minutes(60), otherwise: 'restore' as const }
  const yes = (stage: number): Heard => ({ ...none, confirmed: new Set([stage]) })
  const patience = (more: Partial<Patience> = {}): Patience => ({
    ...{ now: minutes(5), passedAt: undefined, untilMs: minutes(330) },
    ...more,
  })
  const at10 = { weight: 1000 }

  it.each<[string, StageDecision, Parameters<typeof steer>[1], Heard, Patience, object]>([
    ['a pass is one where nobody says anything', passed, at10, nobody, patience(), passed],
    ['a hold lets nothing pass', passed, at10, hold, patience(), { final: false, verdict: 'pass' }],
    ['a hold keeps no stage from failing', failed, at10, hold, patience(), failed],
    ['a hold changes nothing before the stage has passed', goesOn, at10, hold, patience(), goesOn],
    [
      'a held stage is put back when the job must end',
      passed,
      at10,
      hold,
      patience({ now: minutes(330), passedAt: minutes(5) }),
      { verdict: 'inconclusive', then: 'rollback', final: true },
    ],
    [
      'what waits is not put back for want of data',
      lean,
      at10,
      hold,
      patience({ passedAt: minutes(5) }),
      { verdict: 'inconclusive', final: false },
    ],
    ['what never passed is', lean, at10, hold, patience(), lean],
    [
      'what was released and cannot be judged is put back',
      lean,
      at10,
      nobody,
      patience({ passedAt: minutes(5) }),
      lean,
    ],
    ['a stage waits for its yes', passed, { ...at10, confirm }, nobody, patience(), { final: false }],
    ['a yes to another stage is none', passed, { ...at10, confirm }, yes(2500), patience(), { final: false }],
    ['it goes on with it', passed, { ...at10, confirm }, yes(1000), patience(), passed],
    ['a yes lets nothing pass that has not', goesOn, { ...at10, confirm }, yes(1000), patience(), goesOn],
    [
      'without one it is restored in time',
      passed,
      { ...at10, confirm },
      nobody,
      patience({ now: minutes(66), passedAt: minutes(5) }),
      { verdict: 'inconclusive', then: 'rollback' },
    ],
    [
      'or goes on, where that is said',
      passed,
      { ...at10, confirm: { ...confirm, otherwise: 'next' } },
      nobody,
      patience({ now: minutes(66), passedAt: minutes(5) }),
      { verdict: 'pass', then: 'next', final: true },
    ],
    [
      'never without data',
      lean,
      { ...at10, confirm: { ...confirm, otherwise: 'next' } },
      nobody,
      patience({ now: minutes(66), passedAt: minutes(5) }),
      { verdict: 'inconclusive', then: 'rollback' },
    ],
    [
      'a skip ends the stage',
      goesOn,
      at10,
      skip,
      patience(),
      { verdict: 'pass', then: 'next', skips: true, final: true },
    ],
    [
      'also one that cannot be judged yet, which it does not call passed',
      { verdict: 'inconclusive', final: false, reason: 'too few' },
      at10,
      skip,
      patience(),
      { verdict: 'inconclusive', then: 'next', skips: true, final: true },
    ],
    [
      'a yes is waited for no longer than the job has, and then it is restored whatever was said of that',
      passed,
      { ...at10, confirm: { withinMs: minutes(600), otherwise: 'next' } },
      nobody,
      patience({ now: minutes(330), passedAt: minutes(5) }),
      {
        verdict: 'inconclusive',
        then: 'rollback',
        reason: expect.stringMatching(/^it waits for a yes, and nothing was said until 05:30:00 UTC/),
      },
    ],
    ['not one that fails', failed, at10, skip, patience(), failed],
    ['there is nothing to skip at 100 %', goesOn, { weight: 10_000 }, skip, patience(), goesOn],
  ])('%s', (_, decision, plan, heard, waited, expected) => {
    expect(steer(decision, plan, heard, waited)).toMatchObject(expected)
    if (expected === decision) expect(steer(decision, plan, heard, waited)).toEqual(decision)
  })

  it('says by whom, why, and until when', () => {
    expect(steer(passed, at10, hold, patience())).toMatchObject({
      waits: 'held by ann: ticket 7, until 05:30:00 UTC at most',
    })
    expect(steer(goesOn, at10, skip, patience()).reason).toBe(
      'skipped to 100% by ann: ticket 7; until then: no worse',
    )
  })
})

describe('listening', () => {
  const record = { ...transactionRecord, openedAt: '2026-11-21T10:00:00.000Z' }
  const transaction = { record, settings: {}, ledger: 'github', state: 'open' } as unknown as JobTransaction
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const open = (...instructions: GivenInstruction[]): Followed => ({ state: 'open', note: '', instructions })

  function listening(answers: (() => Promise<Followed>)[]) {
    const ports = createFakePorts()
    const asked: number[] = []
    const followed = (): Promise<Followed> => {
      asked.push(ports.clock.now().getTime())
      return (answers[Math.min(asked.length, answers.length) - 1] as () => Promise<Followed>)()
    }
    return { ports, asked, steering: createSteering({ followed }, transaction, ports) }
  }

  it('asks every half minute at most, and waits for no answer', async () => {
    let answer: (followed: Followed) => void = () => undefined
    const slow = new Promise<Followed>((resolve) => (answer = resolve))
    const { ports, asked, steering } = listening([() => slow, () => Promise.resolve(open())])
    expect(steering.listen().all).toEqual([])
    await ports.clock.sleep(minutes(5), ports.signal)
    steering.listen()
    // The first answer is still to come.
    expect(asked).toHaveLength(1)
    answer(open(given('hold')))
    await settle()
    expect(steering.listen().hold).toMatchObject({ by: 'ann' })
    await ports.clock.sleep(29_000, ports.signal)
    steering.listen()
    expect(asked).toHaveLength(1)
    await ports.clock.sleep(1_000, ports.signal)
    steering.listen()
    expect(asked).toHaveLength(2)
  })

  it('holds until it is released, whatever is said between', async () => {
    const { ports, steering } = listening([
      () => Promise.resolve(open(given('hold', 1), given('confirm', 2, 1000))),
      () => Promise.resolve(open(given('hold', 1), given('confirm', 2, 1000), given('release', 3))),
      () => Promise.resolve(open(given('hold', 1), given('release', 3), given('hold', 4))),
    ])
    const held: boolean[] = []
    for (let look = 0; look < 3; look++) {
      steering.listen()
      await settle()
      held.push(steering.listen().hold !== undefined)
      await ports.clock.sleep(30_000, ports.signal)
    }
    expect(held).toEqual([true, false, true])
  })

  it('takes a yes for the stage that is watched when it is heard, and says so of any other', async () => {
    const { ports, steering } = listening([
      () => Promise.resolve(open(given('confirm', 1, 2500))),
      () => Promise.resolve(open(given('confirm', 1, 2500), given('confirm', 2, 1000))),
      () =>
        Promise.resolve(
          open(given('confirm', 1, 2500), given('confirm', 2, 1000), given('confirm', 3, 2500)),
        ),
    ])
    const confirmed: number[][] = []
    for (const weight of [1000, 2500, 2500]) {
      steering.reached(weight)
      steering.listen()
      await settle()
      confirmed.push([...steering.listen().confirmed])
      await ports.clock.sleep(30_000, ports.signal)
    }
    expect(confirmed).toEqual([[], [], [2500]])
    expect(
      ports.recorded.log.map(({ line }) => line).filter((line) => /counts for nothing/.test(line)),
    ).toEqual([
      '25% is not watched now: that yes counts for nothing',
      '10% is not watched now: that yes counts for nothing',
    ])
  })

  it('ends the walk when somebody else sees to the target', async () => {
    const { steering } = listening([
      () => Promise.resolve({ state: 'restoring', note: 'restoring: taken back by ann', instructions: [] }),
    ])
    steering.listen()
    await settle()
    expect(() => steering.listen()).toThrow(/is restoring .*nothing more is written to its target/)
  })

  it('says once that nobody is heard, keeps what it has heard, and says when that is over', async () => {
    const down = () => Promise.reject(new Error('GitHub answered 503'))
    const { ports, steering } = listening([
      () => Promise.resolve(open(given('hold'))),
      down,
      down,
      () => Promise.resolve(open(given('hold'))),
      down,
    ])
    for (let look = 0; look < 5; look++) {
      steering.listen()
      await settle()
      expect(steering.listen().hold).toBeDefined()
      await ports.clock.sleep(30_000, ports.signal)
    }
    const said = ports.recorded.log.map(({ line }) => line).filter((line) => /heard/.test(line))
    expect(said).toEqual([
      expect.stringContaining('nobody is heard for the time being: GitHub answered 503'),
      expect.stringContaining('people are heard again'),
      expect.stringContaining('nobody is heard for the time being'),
    ])
  })

  it('gives what waits the time of the job but its last half hour', () => {
    expect(listening([() => Promise.resolve(open())]).steering.untilMs).toBe(
      Date.parse('2026-11-21T15:30:00.000Z'),
    )
  })
})
