import { z } from 'zod'
import { Cancelled, didYouMean, InputError, messageOf, providerOf } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE } from '@deploy-actions/rollout'
import { described, routers, type ObservedRouter } from '@deploy-actions/traffic'
import type { ConfiguredCheck, Reading, TargetOption } from './check'

const arm = z.string().min(1)

/** What is said of arms can be held against itself, whatever else is wrong. */
const armOfArms = z.looseObject({ arms: z.array(arm), arm })

/** The router of a target still gives an arm all the traffic. */
const options = z
  .strictObject({
    router: (await routers.schema()).meta({
      description: 'who is asked; default: `traffic.canary.router`',
      'x-kind': 'router',
    }),
    arms: z
      .tuple([arm, arm])
      .default(['blue', 'green'])
      .describe('default: `arms.names`, which it must not contradict'),
    arm: arm.describe('who is to have all the traffic: `${arm}`'),
  })
  .superRefine(
    ({ arms, arm }, context) => {
      if (!arms.includes(arm))
        context.addIssue({
          code: 'custom',
          path: ['arm'],
          message: `${arm} is not an arm; known: ${arms.join(', ')}.${didYouMean(arm, arms)}`,
        })
    },
    { when: ({ value }) => armOfArms.safeParse(value).success },
  )
  .describe('an arm still has all the traffic, by the router itself')

/** The secrets of its router are the router's own, and are handed over to that as they came. */
const held = providerOf(options, ({ router, arms, arm }, written): ConfiguredCheck => ({
  written,
  arms,
  open(ports) {
    const opened = router.open(ports, arms)
    return { probe: (signal) => probe(opened, arm, signal) }
  },
}))

const ofTarget: readonly TargetOption[] = ['router', 'arms']

export default { ...held, ofTarget }

async function probe(router: ObservedRouter, arm: string, signal: AbortSignal): Promise<Reading> {
  try {
    const state = await router.read(signal)
    const held = state.differs === undefined && state.weights[arm] === WHOLE && state.effective[arm] === WHOLE
    if (held && state.strangers === undefined)
      return { state: 'green', detail: `the router holds ${formatWeights(state.weights)}` }
    const why = state.strangers ?? described(state)
    return { state: 'red', detail: `${arm} does not have all the traffic: ${why}` }
  } catch (error) {
    if (error instanceof Cancelled) throw error
    // No look will show other settings.
    if (error instanceof InputError) return { state: 'red', fatal: true, detail: messageOf(error) }
    return { state: 'unknown', detail: messageOf(error) }
  }
}
