import { describe, expect, it } from '@jest/globals'
import { worst, type Verdict } from './verdict'

describe('worst', () => {
  // fail > error > inconclusive > pass.
  it.each<[Verdict[], Verdict]>([
    [['pass', 'pass'], 'pass'],
    [['pass', 'inconclusive'], 'inconclusive'],
    [['inconclusive', 'error', 'pass'], 'error'],
    [['error', 'fail', 'pass'], 'fail'],
    [['fail', 'error'], 'fail'],
  ])('of %j is %s', (list, verdict) => expect(worst(list)).toBe(verdict))

  it('is not a pass when there is no verdict at all', () => expect(worst([])).toBe('inconclusive'))
})
