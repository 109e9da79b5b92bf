import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { defineProviders, provider } from '@deploy-actions/action-kit'
import { withProviders } from './provider-list'

const of = (options: z.ZodType) => () =>
  Promise.resolve({ default: provider({ options, create: () => 'open' }) })
const page = 'Prose.\n\n<!-- providers -->\nold\n<!-- /providers -->\n'

describe('the list of providers', () => {
  it('tells of each what its options are described as', async () => {
    const lights = defineProviders({
      lamp: of(z.object({}).describe('a lamp')),
      candle: of(z.object({}).describe('a candle')),
    })
    expect(await withProviders(page, { light: lights })).toBe(`Prose.

<!-- providers -->

|  | type | what it is |
| --- | --- | --- |
| light | \`lamp\` | a lamp |
|  | \`candle\` | a candle |

<!-- /providers -->
`)
  })

  it('refuses a provider that does not say what it is', async () => {
    const lights = defineProviders({ lamp: of(z.object({})) })
    await expect(withProviders(page, { light: lights })).rejects.toThrow('the light lamp has no description')
  })
})
