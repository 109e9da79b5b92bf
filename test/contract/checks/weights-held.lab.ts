import { startFakeHaproxy } from '@deploy-actions/testing'
import type { OpenCheckLab } from './check-lab'

export default {
  async 'a router'() {
    const fake = await startFakeHaproxy({ blue: 0, green: 100 })
    return {
      settings: {
        type: 'weights-held',
        router: { type: 'haproxy', port: fake.port, backend: 'app' },
        arm: 'green',
      },
      // A reload: all traffic is with the old release again.
      red: () => Promise.resolve(void (fake.weights = { blue: 100, green: 0 })),
      break: () => fake.close(),
      close: () => fake.close(),
    }
  },
} satisfies Record<string, OpenCheckLab>
