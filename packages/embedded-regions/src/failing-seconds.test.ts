import { describe, expect, it } from '@jest/globals'
import { FailingSeconds } from './failing-seconds'

describe('failing seconds', () => {
  it.each<[string, [number, boolean][], number]>([
    ['none without requests', [], 0],
    [
      'half is not more than half',
      [
        [0, true],
        [900, false],
      ],
      0,
    ],
    [
      'more than half is',
      [
        [0, true],
        [500, true],
        [900, false],
      ],
      1,
    ],
    [
      'a later second does not make up for it',
      [
        [0, true],
        [1000, false],
        [1500, false],
      ],
      1,
    ],
    [
      'nor do seconds add up',
      [
        [0, true],
        [0, false],
        [1000, true],
        [1500, false],
      ],
      0,
    ],
    [
      'what ends late is of the second it was sent in',
      [
        [0, false],
        [1000, false],
        [0, true],
        [0, true],
      ],
      1,
    ],
    [
      'each counts once',
      [
        [0, true],
        [500, true],
        [1000, true],
        [3500, true],
      ],
      3,
    ],
  ])('%s', (_, requests, count) => {
    const seconds = new FailingSeconds(1000)
    for (const [at, failed] of requests) seconds.add(at, failed)
    expect(seconds.count).toBe(count)
  })

  it('are as long as they are told', () => {
    const seconds = new FailingSeconds(1000 / 60)
    for (const at of [0, 17, 34]) seconds.add(at, true)
    expect(seconds.count).toBe(3)
  })
})
