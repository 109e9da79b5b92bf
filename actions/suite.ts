import type { Action } from '@deploy-actions/action-kit'

type Suite = Record<string, () => Promise<{ default: Action }>>

/** Every action, once. A run loads only its own. */
export const suite = {
  'audit-summary': () => import('./audit-summary/src/index'),
  'canary-step': () => import('./canary-step/src/index'),
  'health-gate': () => import('./health-gate/src/index'),
  notify: () => import('./notify/src/index'),
  'restore-point': () => import('./restore-point/src/index'),
  'rollout-plan': () => import('./rollout-plan/src/index'),
  'run-hook': () => import('./run-hook/src/index'),
  'traffic-weight': () => import('./traffic-weight/src/index'),
} satisfies Suite

/** Name of an action: its folder, and what stands behind the repository in `uses`. */
export type ActionName = keyof typeof suite
