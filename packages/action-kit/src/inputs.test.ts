import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { commonInputs, configuredInputs, targetInputs, writerInputs } from './common-inputs'
import { InputError } from './errors'
import { flag, inputMeta, readInputs, recordedInputs, secret } from './inputs'

const schema = z.object({
  region: z.string().describe('name of a region').meta({ example: 'eu-west' }),
  mode: z.enum(['begin', 'commit']),
  weight: z.coerce.number().int().max(100).optional(),
  'dry-run': flag(false),
  'api-token': z.string().regex(/^ghs_/, 'is not a token').optional().meta(secret),
  tags: z
    .preprocess((text) => (typeof text === 'string' ? text.split(',') : text), z.array(z.string().max(3)))
    .optional(),
})

const env = (inputs: Record<string, string>) =>
  Object.fromEntries(Object.entries(inputs).map(([key, value]) => [`INPUT_${key.toUpperCase()}`, value]))

/** Every problem that these inputs have. */
function problems(inputs: Record<string, string>): string[] {
  try {
    readInputs(schema, env(inputs))
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(({ where, message }) => `${where}: ${message}`)
    throw error
  }
  return []
}

describe('readInputs', () => {
  it('reads what the runner sets; empty means absent', () => {
    expect(
      readInputs(
        schema,
        env({ region: ' eu-west\n', mode: 'begin', weight: '', 'dry-run': '   ', 'api-token': '' }),
      ),
    ).toEqual({ region: 'eu-west', mode: 'begin', 'dry-run': false })
    expect(
      readInputs(schema, env({ region: 'eu', mode: 'commit', weight: '10', 'dry-run': 'TRUE' })),
    ).toEqual({ region: 'eu', mode: 'commit', weight: 10, 'dry-run': true })
  })

  it('reports every problem at once, each with the input, its value and what is allowed', () => {
    expect(problems({ mode: 'begn', weight: '101', 'dry-run': 'maybe' })).toEqual([
      'input `region`: is missing; name of a region; for example eu-west',
      'input `mode`: "begn": Invalid option: expected one of "begin"|"commit"',
      'input `weight`: "101": Too big: expected number to be <=100',
      expect.stringMatching(/^input `dry-run`: "maybe": Invalid option: expected one of "true"\|/),
    ])
    expect(problems({ region: 'eu' })).toEqual(['input `mode`: is missing; it is required'])
  })

  it('never shows the value of a secret', () => {
    expect(problems({ region: 'eu', mode: 'begin', 'api-token': 'swordfish' })).toEqual([
      'input `api-token`: the value (not shown): is not a token',
    ])
  })

  it('names the place within an input, and cuts what is long', () => {
    expect(problems({ region: 'eu', mode: 'begin', tags: 'ab,cdef' })).toEqual([
      'input `tags at 1`: "ab,cdef": Too big: expected string to have <=3 characters',
    ])
    expect(problems({ region: 'eu', mode: 'x'.repeat(300) })[0]).toBe(
      `input \`mode\`: "${'x'.repeat(200)}...": Invalid option: expected one of "begin"|"commit"`,
    )
  })

  it('names no input where a rule is about several', () => {
    const either = z
      .object({ a: z.string().optional(), b: z.string().optional() })
      .refine(({ a, b }) => a ?? b, 'a or b')
    expect(() => readInputs(either, {})).toThrow('input ``: is missing; it is required')
  })
})

describe('what goes into evidence', () => {
  it('is what was given, without secrets, cut to 4 KiB', () => {
    expect(
      recordedInputs(
        schema,
        env({ region: 'eu', mode: 'x'.repeat(5000), 'api-token': 'ghs_swordfish', weight: '' }),
      ),
    ).toEqual({ region: 'eu', mode: 'x'.repeat(4096) })
  })
})

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

describe('the inputs that actions share', () => {
  const read = (key: keyof typeof commonInputs, value?: string) => commonInputs[key].safeParse(value)

  it('take a digest, never a tag', () => {
    expect(read('digest', `sha256:${'a'.repeat(64)}`).success).toBe(true)
    expect(read('digest', 'latest').error?.issues[0]?.message).toMatch(/^is not an immutable digest/)
  })

  it('know two kinds of ledger, GitHub by default', () => {
    expect(['github', 'file:/tmp/x', 'file:', 's3:x'].map((text) => read('ledger', text).success)).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(read('ledger').data).toBe('github')
  })

  it('are secret where they hold secrets, in every group', () => {
    const secrets = Object.entries({
      ...commonInputs,
      ...targetInputs,
      ...configuredInputs,
      ...writerInputs,
    }).filter(([, field]) => inputMeta(field).secret)
    expect(secrets.map(([key]) => key).sort()).toEqual(['github-token', 'secrets'])
  })
})
