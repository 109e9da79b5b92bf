import { z } from 'zod'
import { Cancelled, messageOf } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE } from '@deploy-actions/rollout'
import { described, routers } from '@deploy-actions/traffic'
import { check } from './check'

/** The router of a target still gives an arm all the traffic. */
const options = z
  .strictObject({
    router: z.looseObject({ type: z.string() }).describe('as `traffic.canary.router`'),
    arms: z
      .tuple([z.string().min(1), z.string().min(1)])
      .default(['blue', 'green'])
      .describe('as `arms.names`'),
    arm: z.string().min(1).describe('who is to have all the traffic: `${arm}`'),
  })
  .describe('an arm still has all the traffic, by the router itself')

export default check({
  options,
  create: ({ router: written, arms, arm }, ports) => ({
    async probe(signal) {
      try {
        const router = (await routers.configure(written)).open(ports, arms)
        const state = await router.read(signal)
        const held =
          state.differs === undefined && state.weights[arm] === WHOLE && state.effective[arm] === WHOLE
        if (held && state.strangers === undefined)
          return { state: 'green', detail: `the router holds ${formatWeights(state.weights)}` }
        const why = state.strangers ?? described(state)
        return { state: 'red', detail: `${arm} does not have all the traffic: ${why}` }
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return { state: 'unknown', detail: messageOf(error) }
      }
    },
  }),
})
