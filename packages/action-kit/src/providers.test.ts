import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { InputError } from './errors'
import type { ProviderPorts } from './ports'
import { defineProviders, provider, type Configured } from './providers'

/** What a lamp was opened with. */
interface Lamp {
  brightness: number
  secrets: [string, string][]
  room: string
}
let opened = 0

const options = z.strictObject({
  brightness: z.coerce.number().max(9),
  auth: z.strictObject({ 'token-secret': z.string() }).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  'env-secrets': z.array(z.string()).optional(),
})
const lamp = provider({
  options,
  create: ({ brightness }, { secrets }, room: string): Lamp => {
    opened++
    return { brightness, secrets: [...secrets], room }
  },
})
const lamps = defineProviders<Configured<Lamp, [room: string]>>({
  lamp: () => Promise.resolve({ default: lamp }),
  never: () => Promise.reject(new Error('this one must not be loaded')),
})

/** Of the ports, a lamp uses the secrets only. */
const ports = (secrets: Record<string, string> = {}) =>
  ({ secrets: new Map(Object.entries(secrets)) }) as Partial<ProviderPorts> as ProviderPorts

const problemsOf = async (value: unknown): Promise<string[]> => {
  const schema = await lamps.schemaFor([value])
  return (schema.safeParse(value).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )
}

describe('the providers of a kind', () => {
  it('hand settings to the one that their type names, as written, and load no other', async () => {
    const written = { type: 'lamp', brightness: '7' }
    const schema = await lamps.schemaFor([written])
    const configured = schema.parse(written)
    expect(configured.written).toEqual(written)
    opened = 0
    expect(configured.open(ports(), 'hall')).toEqual({ brightness: 7, secrets: [], room: 'hall' })
    expect(configured.open(ports(), 'attic').room).toBe('attic')
    expect(opened).toBe(2)
  })

  it('hand over settings that stand in the options of another provider', async () => {
    const known = defineProviders<Configured<Lamp, [room: string]>>({
      lamp: () => Promise.resolve({ default: lamp }),
    })
    const house = z.strictObject({ light: await known.schema() })
    expect(
      house.parse({ light: { type: 'lamp', brightness: '7' } }).light.open(ports(), 'hall'),
    ).toMatchObject({
      brightness: 7,
    })
    const wrong = house.safeParse({ light: { type: 'lamp', brightnes: 7 } })
    expect(wrong.error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'light.brightness',
      'light.brightnes',
    ])
  })

  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, [': needs a type; known: lamp, never']],
    ['no type', { brightness: 1 }, [': needs a type; known: lamp, never']],
    ['a type that is not a text', { type: 7 }, [': needs a type; known: lamp, never']],
    ['a slip', { type: 'lmp' }, [': lmp is not a known type; known: lamp, never. Did you mean lamp?']],
    [
      'a type that only JavaScript knows',
      { type: 'constructor' },
      [': constructor is not a known type; known: lamp, never.'],
    ],
    [
      'wrong options, all at once',
      { type: 'lamp', brightness: 12, auth: { tokn: 'T' } },
      [
        'brightness: Too big: expected number to be <=9',
        'auth.token-secret: Invalid input: expected string, received undefined',
        'auth.tokn: tokn is an unknown key; known here: token-secret.',
      ],
    ],
    [
      'an unknown option',
      { type: 'lamp', brightness: 1, brightnes: 2 },
      [
        'brightnes: brightnes is an unknown key; known here: type, brightness, auth, headers, env-secrets. Did you mean brightness?',
      ],
    ],
  ])('refuse %s', async (_, value, expected) => expect(await problemsOf(value)).toEqual(expected))

  it('configure what a record holds, and say what is wrong with it now', async () => {
    expect((await lamps.configure({ type: 'lamp', brightness: 1 })).written).toEqual({
      type: 'lamp',
      brightness: 1,
    })
    const refused = await lamps.configure({ type: 'lamp', brightness: 99 }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(InputError)
    expect((refused as InputError).message).toBe('lamp.brightness: Too big: expected number to be <=9')
    await expect(lamps.configure({ type: 'candle' })).rejects.toThrow('candle is not a known type')
  })
})

describe('a provider that was opened', () => {
  const configured = lamps.configure({ type: 'lamp', brightness: 1, auth: { 'token-secret': 'TOKEN' } })

  it('gets the secrets that its own settings name, and no other', async () => {
    const all = ports({ TOKEN: 'swordfish', OTHER: 'correct horse' })
    expect((await configured).open(all, 'hall').secrets).toEqual([['TOKEN', 'swordfish']])
  })

  it('gets all of a list of secrets, and is told of each that is missing', async () => {
    const one = await lamps.configure({ type: 'lamp', brightness: 1, 'env-secrets': ['A', 'B'] })
    expect(one.open(ports({ A: 'swordfish', B: 'horse', OTHER: 'x' }), 'hall').secrets).toEqual([
      ['A', 'swordfish'],
      ['B', 'horse'],
    ])
    expect(() => one.open(ports(), 'hall')).toThrow(/the secret A was not[^]*the secret B was not/)
  })

  it('does not take a header for the name of a secret', async () => {
    const one = await lamps.configure({ type: 'lamp', brightness: 1, headers: { 'x-client-secret': 'abc' } })
    expect(one.open(ports({ abc: 'swordfish' }), 'hall').secrets).toEqual([])
  })

  it('is not opened without them', async () => {
    const one = await configured
    for (const secrets of [{}, { TOKEN: '' }, { OTHER: 'x' }])
      expect(() => one.open(ports(secrets), 'hall')).toThrow(
        'lamp: the secret TOKEN was not handed over; add TOKEN=... to the secrets input (DEPLOY_SECRETS)',
      )
  })
})
