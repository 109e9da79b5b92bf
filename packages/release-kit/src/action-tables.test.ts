import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import type { ActionFile } from './action-file'
import { withTables } from './action-tables'

const inputs = z.object({
  mode: z.string().meta({ example: 'get' }),
  token: z.string().default('').meta({ secret: true }),
})
const file = (description: string): ActionFile => ({
  name: 'Example',
  description: 'An example.',
  author: 'us',
  branding: { icon: 'x', color: 'blue' },
  inputs: {
    mode: { description, required: true },
    token: { description: 'a token', required: false, default: '${{ github.token }}' },
  },
  outputs: { outcome: { description: 'done | failed' } },
  runs: { using: 'node24', main: 'dist/index.js' },
})
const readme =
  'Prose.\n\n<!-- inputs -->\nold\n<!-- /inputs -->\n\nMore.\n\n<!-- outputs -->\n<!-- /outputs -->\n'

describe('the tables of a README', () => {
  it('are written between the markers', () => {
    expect(withTables(readme, file('what to do'), inputs)).toBe(`Prose.

<!-- inputs -->

| Input | Default | Meaning |
| --- | --- | --- |
| \`mode\` | **required** | what to do; for example \`get\` |
| \`token\` | \`\${{ github.token }}\` | a token; never shown or recorded |

<!-- /inputs -->

More.

<!-- outputs -->

| Output | Meaning |
| --- | --- |
| \`outcome\` | done \\| failed |

<!-- /outputs -->
`)
  })

  it('stay as they are when they are fresh', () => {
    const once = withTables(readme, file('what to do'), inputs)
    expect(withTables(once, file('what to do'), inputs)).toBe(once)
  })

  it('need a description of everything, and the markers', () => {
    expect(() => withTables(readme, file(' '), inputs)).toThrow('mode has no description')
    expect(() => withTables('Prose.', file('what to do'), inputs)).toThrow('<!-- inputs -->')
  })
})
