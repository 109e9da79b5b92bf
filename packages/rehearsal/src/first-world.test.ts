import { expect, it } from '@jest/globals'
import { parseRollout, resolveAll } from '@deploy-actions/config'
import { worldPlan } from '@deploy-actions/embedded-regions'
import { firstWorld, sameWorld } from './first-world'

const configs = async (backend: string) =>
  resolveAll(
    await parseRollout(
      `
version: 1
service: shop
regions: [{ name: us, environment: us, vars: { backend: ${backend} } }]
deploy: { script: { run: a, snapshot: b, restore: c } }
traffic: { canary: { router: { type: haproxy, port: 9999, backend: '\${vars.backend}' } } }
metrics:
  sources: { edge: { type: scrape, pages: ['http://10.0.0.1/metrics'] } }
  requests: { source: edge, sum: ['a{server="\${arm}"}'] }
  errors: { source: edge, sum: ['b{server="\${arm}"}'] }
`,
      'rollout.yml',
    ),
    { variables: {} },
  )

it('calls the backend of a region as its config does, in a kept world, too; its times pass with the pace', async () => {
  const world = worldPlan.parse(firstWorld(await configs('shop'), { rps: 20, speed: 60 }))
  expect(world).toMatchObject({ rps: 1200, speed: 60, regions: [{ name: 'us', backend: 'shop' }] })
  expect(sameWorld(world, await configs('store'), { rps: 20, speed: 30 })).toEqual({
    ...world,
    rps: 600,
    speed: 30,
    regions: [{ ...world.regions[0], backend: 'store' }],
  })
})
