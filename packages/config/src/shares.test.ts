import { describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { parseRollout, resolveRegion, type RegionConfig } from './load'
import { shareInWords, sharePlanOf } from './share-plan'

/** A file whose regions share the traffic; every line number in the tests below counts in it. */
const file = ({
  us = 'share: 50%, zone: a',
  eu = 'share: 30%, zone: b, priority: 2',
  ap = 'share: 20%, zone: b',
  order = '{ kind: serial }',
  regions = '\n  regions: { router: { type: haproxy, port: 9990, backend: regions } }',
} = {}): string => `version: 1
service: shop
regions:
  - { name: us, environment: production-us, ${us} }
  - { name: eu, environment: production-eu, ${eu} }
  - { name: ap, environment: production-ap, ${ap} }
order: ${order}
deploy:
  script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh }
traffic:
  canary: { router: { type: haproxy, port: 9999, backend: app } }${regions}
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:8404/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['errors_total{arm="\${arm}"}'] }
`

const load = async (text: string): Promise<RegionConfig> =>
  resolveRegion(await parseRollout(text, 'rollout.yml'), 'eu', {
    variables: { version: '1.4.0', digest: `sha256:${'a'.repeat(64)}` },
  })

async function problems(text: string): Promise<string[]> {
  try {
    await load(text)
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(({ where, message }) => `${where}: ${message}`)
    throw error
  }
  return []
}

const regional = (more: string): string =>
  `\n  regions: { router: { type: haproxy, port: 9990, backend: regions }, ${more} }`

describe('regions that share the traffic', () => {
  it('are planned with what they say, and 10 % are left while a release is put onto one', async () => {
    expect(sharePlanOf(await load(file()))).toEqual({
      region: 'eu',
      whileDeploying: 1_000,
      keepWithinZone: false,
      regions: [
        { name: 'us', share: 5_000, zone: 'a', priority: 1 },
        { name: 'eu', share: 3_000, zone: 'b', priority: 2 },
        { name: 'ap', share: 2_000, zone: 'b', priority: 1 },
      ],
    })
  })

  it('are told with what is left to them meanwhile', async () => {
    expect(shareInWords(await load(file()))).toBe('30% of the global traffic, 10% while it is deployed to')
    const small = file({ us: 'share: 75%', eu: 'share: 5%' })
    expect(shareInWords(await load(small))).toBe('5% of the global traffic, 5% while it is deployed to')
  })

  it('share nothing where no router steers that', async () => {
    expect(
      sharePlanOf(await load(file({ us: 'vars: {}', eu: 'vars: {}', ap: 'vars: {}', regions: '' }))),
    ).toBe(undefined)
  })

  it('all say their share', async () => {
    expect(await problems(file({ us: 'zone: a', ap: 'zone: b' }))).toEqual([
      'rollout.yml:4:5: regions[0].share: is missing; with traffic.regions each region says its share of the global traffic, such as 30%',
      'rollout.yml:6:5: regions[2].share: is missing; with traffic.regions each region says its share of the global traffic, such as 30%',
    ])
  })

  it('come to the whole', async () => {
    expect(await problems(file({ us: 'share: 40%' }))).toEqual([
      'rollout.yml:4:3: regions: the shares of the regions come to 90%, and must come to 100%',
    ])
  })

  it('are not drained all at once', async () => {
    expect(await problems(file({ order: '{ kind: parallel }' }))).toEqual([
      'rollout.yml:7:16: order.kind: parallel would drain all regions at once, and nobody could take their traffic over: with traffic.regions, write serial or delayed',
    ])
  })

  it('have a neighbour in their zone where they keep to it', async () => {
    const within = { regions: regional('keep-within-zone: true') }
    expect(await problems(file({ ...within, ap: 'share: 20%' }))).toEqual([
      'rollout.yml:4:63: regions[0].zone: us is the only region of a: with keep-within-zone nobody may take its share over while it is deployed to',
      'rollout.yml:5:63: regions[1].zone: eu is the only region of b: with keep-within-zone nobody may take its share over while it is deployed to',
      'rollout.yml:6:5: regions[2].zone: is missing; keep-within-zone needs it of each region',
    ])
    expect(await problems(file({ ...within, us: 'share: 50%, zone: b' }))).toEqual([])
  })

  it('are the members of their router', async () => {
    const members = (names: string): string =>
      `\n  regions: { router: { type: haproxy, port: 9990, backend: regions, members: { ${names} } } }`
    expect(await problems(file({ regions: members('ap: s3, us: s1, eu: s2') }))).toEqual([])
    expect(await problems(file({ regions: members('us: s1, eu: s2') }))).toEqual([
      'rollout.yml:12:22: traffic.regions.router: has the members us, eu, and the regions are us, eu, ap: name the same in both',
    ])
  })

  it('say nothing that nothing would act on', async () => {
    const said =
      'says how the regions share the traffic, and nothing steers that; add traffic.regions, or leave it out'
    expect(await problems(file({ regions: '', us: 'share: 50%', ap: 'vars: {}' }))).toEqual([
      `rollout.yml:4:52: regions[0].share: ${said}`,
      `rollout.yml:5:52: regions[1].share: ${said}`,
      `rollout.yml:5:63: regions[1].zone: ${said}`,
      `rollout.yml:5:76: regions[1].priority: ${said}`,
    ])
  })
})

it('a region that is alone has nobody to take its share over', async () => {
  const text = file({ eu: 'share: 100%' })
    .split('\n')
    .filter((line) => !/name: (us|ap)/.test(line))
    .join('\n')
  expect(await problems(text)).toEqual([
    'rollout.yml:10:12: traffic.regions: needs another region, which takes the share over',
  ])
})
