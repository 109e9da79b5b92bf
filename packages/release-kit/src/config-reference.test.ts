import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import type { JsonSchema } from '@deploy-actions/config/json-schema'
import { configReference } from './config-reference'

const lamp: JsonSchema = {
  title: 'of type lamp',
  description: 'a lamp that shines',
  type: 'object',
  properties: {
    type: { type: 'string', const: 'lamp' },
    watts: { type: 'integer', default: 5, description: 'how bright' },
  },
  required: ['type'],
}
const candle: JsonSchema = {
  title: 'of type candle',
  description: 'a candle',
  type: 'object',
  properties: { type: { type: 'string', const: 'candle' }, wax: { type: 'string' } },
  required: ['type', 'wax'],
}
const file = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties })

/** The tables of a page: under its heading, the cells of each row. */
function tablesOf(page: string): Record<string, string[][]> {
  const parts = page.split(/^##+ /m).slice(1)
  return Object.fromEntries(
    parts.map((part) => [
      part.split('\n')[0] ?? '',
      part
        .split('\n')
        .filter((line) => line.startsWith('| `'))
        .map((line) => line.slice(2, -2).split(' | ')),
    ]),
  )
}
const tablesFor = (properties: Record<string, JsonSchema>) => tablesOf(configReference(file(properties)))

describe('the reference of rollout.yml', () => {
  it('has a table for each form of a place, and says there how to choose', () => {
    const light: JsonSchema = { type: 'object', properties: { main: { anyOf: [lamp, candle] } } }
    expect(tablesFor({ light })).toEqual({
      light: [
        ['`light`', '', '', '', ''],
        ['`light.main`', '', 'type `lamp` `candle`', '', ''],
      ],
      'light.main of type lamp': [
        ['`type`', 'yes', '`lamp`', '', ''],
        ['`watts`', '', 'number', '`5`', 'how bright'],
      ],
      'light.main of type candle': [
        ['`type`', 'yes', '`candle`', '', ''],
        ['`wax`', 'yes', 'text', '', ''],
      ],
    })
    expect(configReference(file({ light }))).toContain(
      '### light.main of type lamp\n\nA lamp that shines.\n\n| key',
    )
  })

  it('says what may stand in place of a form, and what a map of it holds', () => {
    const main: JsonSchema = { anyOf: [{ type: 'string' }, lamp] }
    const tables = tablesFor({ light: { type: 'object', properties: { main } } })
    expect(tables['light']?.[1]).toEqual(['`light.main`', '', 'text, or type `lamp`', '', ''])
    expect(Object.keys(tables)).toEqual(['light', 'light.main of type lamp'])
  })

  it('has them for places in lists and under names, too', () => {
    const tables = tablesFor({
      rows: { type: 'array', items: { anyOf: [lamp] } },
      named: { type: 'object', additionalProperties: { anyOf: [candle] } },
    })
    expect(Object.keys(tables)).toEqual(['rows', 'rows[] of type lamp', 'named', 'named.NAME of type candle'])
    expect([tables['rows']?.[0]?.[2], tables['named']?.[0]?.[2]]).toEqual([
      'list of type `lamp`',
      'by name: type `candle`',
    ])
  })

  it('has one for each key of which exactly one must stand', () => {
    const form: JsonSchema = { type: 'object', properties: { watts: { type: 'integer' } } }
    const one: JsonSchema = { type: 'object', properties: { lamp: form }, minProperties: 1, maxProperties: 1 }
    const tables = tablesFor({ one })
    expect(tables['one']).toEqual([['`one`', '', '`lamp`', '', '']])
    expect(tables['one.lamp']).toEqual([['`watts`', '', 'number', '', '']])
  })

  it('has one table for places that have the same form, and one for a form within a form', () => {
    const inner: JsonSchema = {
      title: 'of type outer',
      type: 'object',
      properties: { light: { anyOf: [candle] } },
    }
    const tables = tablesFor({
      pair: { type: 'object', properties: { left: { anyOf: [inner] }, right: { anyOf: [inner] } } },
    })
    expect(Object.keys(tables)).toEqual([
      'pair',
      'pair.left, pair.right of type outer',
      'pair.left.light of type candle',
    ])
  })

  it('tells the kind of a value by what its schema says of itself, and by nothing else', () => {
    const told = z.string().meta({ 'x-kind': 'moment', pattern: '^x$' }).describe('when')
    const like = z.string().meta({ pattern: '^(\\d+(ms|s|m|h|d))+$' }).describe('no percentage')
    const { properties = {} } = z.toJSONSchema(z.object({ told, like, list: z.array(told) })) as JsonSchema
    const tables = tablesFor(properties as Record<string, JsonSchema>)
    expect(Object.values(tables).map(([row]) => row?.[2])).toEqual(['moment', 'text', 'list of moment'])
  })

  it('shows the default that the schema has', () => {
    const list: JsonSchema = {
      type: 'array',
      items: { type: 'object', properties: { share: { type: 'string' } } },
      default: [{ share: '3%' }, { share: '7%' }],
    }
    expect(tablesFor({ list })['list']?.[0]?.[3]).toBe('`{ share: 3% }` `{ share: 7% }`')
  })
})
