import { startFakeHaproxy } from '@deploy-actions/testing'
import {
  askRuntime,
  resetCommand,
  stateOf,
} from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy } from '../systems/real-haproxy'
import { byPercents, type OpenRouter, type Router } from './router'
import type { Switchboard } from './switchboard'
import { openRuntimeTap } from './taps'

export const fakeHaproxy: OpenRouter = async (switchboard) => {
  const fake = await startFakeHaproxy({ blue: 100, green: 0 })
  const router = await behindTap(switchboard, fake)
  return {
    ...router,
    setWeights(weights) {
      fake.sessions = {}
      return router.setWeights(weights)
    },
    metrics({ haproxy, metrics }) {
      Object.assign(haproxy, { weights: fake.weights, states: fake.states })
      const counted = metrics()
      fake.sessions = { ...haproxy.sessions }
      return Promise.resolve(counted)
    },
  }
}

export const realHaproxy: OpenRouter = async (switchboard) => {
  // No request goes through them, and no check: they are up.
  const { ports, close } = await startRealHaproxy({ blue: 1, green: 1 }, 300)
  return behindTap(switchboard, { port: ports.admin, close })
}

/** @param haproxy port of its runtime API, and how it ends */
async function behindTap(
  switchboard: Switchboard,
  haproxy: { port: number; close(): Promise<void> },
): Promise<Router> {
  const tap = await openRuntimeTap(switchboard, () => haproxy.port)
  const weights = async (): Promise<Record<string, number>> => {
    const table = await askRuntime(haproxy.port, 'show servers state app')
    return Object.fromEntries(
      ['blue', 'green'].map((server) => [server, Number(stateOf(table, server)?.split(' ')[2])]),
    )
  }
  return {
    system: 'haproxy',
    settings: `{ type: haproxy, port: ${tap.port}, backend: app }`,
    walk: byPercents,
    secrets: '',
    weights,
    async setWeights(wanted) {
      const set = Object.entries(wanted).map(
        ([server, weight]) => `set server app/${server} weight ${weight}`,
      )
      await askRuntime(haproxy.port, [resetCommand, ...set].join(';'))
    },
    async metrics(region) {
      region.haproxy.weights = await weights()
      return region.metrics()
    },
    async close() {
      await tap.close()
      await haproxy.close()
    },
  }
}
