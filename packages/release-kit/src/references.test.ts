import { describe, expect, it } from '@jest/globals'
import { withReferences } from './references'

const workflow = `
#       uses: OWNER/deploy-actions/.github/workflows/rollout.yml@v1
      - uses: $/canary-step
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - uses: $/.github/workflows/region.yml # same commit
        run: echo "uses nothing: $/tmp"
`

describe('references', () => {
  it('stay as they are for GitHub itself', () => {
    expect(withReferences(workflow, 'self')).toBe(workflow)
  })

  it('name repository and version for a server that does not know $/', () => {
    expect(withReferences(workflow, { repository: 'acme/deploy-actions', version: 'v1.2.3' })).toBe(`
#       uses: acme/deploy-actions/.github/workflows/rollout.yml@v1.2.3
      - uses: acme/deploy-actions/canary-step@v1.2.3
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - uses: acme/deploy-actions/.github/workflows/region.yml@v1.2.3 # same commit
        run: echo "uses nothing: $/tmp"
`)
  })
})
