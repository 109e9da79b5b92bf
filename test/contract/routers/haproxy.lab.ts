import { WHOLE } from '@deploy-actions/rollout'
import { createFakePorts, startFakeHaproxy } from '@deploy-actions/testing'
import { routers } from '@deploy-actions/traffic'
import { openWorld } from '@deploy-actions/embedded-regions'
import type { OpenRouterLab } from './router-lab'

const digest = `sha256:${'a'.repeat(64)}`

export default {
  async 'the fake'() {
    const fake = await startFakeHaproxy({ blue: 100, green: 0 })
    return {
      settings: { type: 'haproxy', port: fake.port, backend: 'app' },
      weights() {
        const { blue = 0, green = 0 } = fake.weights
        return Promise.resolve({
          blue: Math.round((WHOLE * blue) / (blue + green)),
          green: Math.round((WHOLE * green) / (blue + green)),
        })
      },
      meddle: (blue, green) => Promise.resolve(void Object.assign(fake.weights, { blue, green })),
      close: () => fake.close(),
    }
  },
  async 'a pair of fakes'() {
    const pair = [
      await startFakeHaproxy({ blue: 100, green: 0 }),
      await startFakeHaproxy({ blue: 100, green: 0 }),
    ]
    return {
      settings: {
        type: 'haproxy',
        hosts: pair.map(({ port }) => `127.0.0.1:${port}`),
        port: 9999,
        backend: 'app',
      },
      weights() {
        const shares = pair.map(({ weights: { blue = 0, green = 0 } }) => ({
          blue: Math.round((WHOLE * blue) / (blue + green)),
          green: Math.round((WHOLE * green) / (blue + green)),
        }))
        const [first, second] = shares
        if (!first || JSON.stringify(first) !== JSON.stringify(second)) throw new Error('the pair differs')
        return Promise.resolve(first)
      },
      meddle: (blue, green) =>
        Promise.resolve(pair.forEach(({ weights }) => Object.assign(weights, { blue, green }))),
      async close() {
        await Promise.all(pair.map((fake) => fake.close()))
      },
    }
  },
  async 'an embedded region'() {
    const arms = { blue: { version: '1.0.0', digest }, green: { version: '1.1.0', digest } }
    const world = await openWorld(
      { v: 1, rps: 0, regions: [{ name: 'eu', baseline: 'blue', arms }] },
      { inProcess: true },
    )
    const { runtime, backend } = world.regions['eu']!
    const settings = { type: 'haproxy', host: runtime.host, port: runtime.port, backend }
    const meddler = createFakePorts()
    return {
      settings,
      weights: async () => (await world.state())['eu']?.weights ?? {},
      async meddle(blue, green) {
        const router = (await routers.configure(settings)).open(meddler, ['blue', 'green'])
        await router.write(
          { blue: blue * 100, green: green * 100 },
          await router.read(meddler.signal),
          meddler.signal,
        )
      },
      close: () => world.close(),
    }
  },
} satisfies Record<string, OpenRouterLab>
