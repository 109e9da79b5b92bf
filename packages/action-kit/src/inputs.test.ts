import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { inputMeta } from './inputs'

describe('what an input says about itself', () => {
  it('is found behind optional and default', () => {
    const inner = z.string().describe('a name').meta({ description: 'a name', example: 'shop' })
    expect(inputMeta(inner.optional())).toEqual({ description: 'a name', example: 'shop' })
    expect(inputMeta(inner.default('x').describe('another'))).toEqual({
      description: 'another',
      example: 'shop',
    })
  })
})
