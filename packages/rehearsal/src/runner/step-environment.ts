import type { Value } from '../workflow/template'
import { trackingVariable } from './child-process'
import type { StepContext } from './step-context'
import { stepEnvironment } from './runner-environment'

/** @returns the environment of a step, without the inputs and tokens that only actions see */
export function environmentOf(
  context: StepContext,
  github: { [name: string]: Value } = {},
): Record<string, string> {
  const { session, env, commandFiles } = context
  const added = Object.entries(session.request.environment).filter(([name]) => !name.startsWith('ACTIONS_'))
  return {
    ...stepEnvironment({
      github: { ...(context.contexts.github as { [name: string]: Value }), ...github },
      runner: session.runner,
      home: session.folders.home,
      own: { ...session.env, ...env },
      added: Object.fromEntries(added),
      paths: session.paths,
      node: session.options.node,
    }),
    ...commandFiles,
    [trackingVariable]: session.trackingId,
  }
}
