import { action, type Action } from '@deploy-actions/action-kit'

const restoreUnfinishedTraffic = async () =>
  (await import('@deploy-actions/transaction')).restoreUnfinishedTraffic

/** Every action, once. A run loads only what it needs of its own. */
export const suite = {
  'audit-summary': action({
    schemas: () => import('./audit-summary/src/index'),
    main: () => import('./audit-summary/src/main'),
    post: async () => (await import('./audit-summary/src/post')).post,
  }),
  'canary-step': action({
    schemas: () => import('./canary-step/src/index'),
    main: () => import('./canary-step/src/main'),
    post: restoreUnfinishedTraffic,
  }),
  'health-gate': action({
    schemas: () => import('./health-gate/src/index'),
    main: () => import('./health-gate/src/main'),
  }),
  'helm-deploy': action({
    schemas: () => import('./helm-deploy/src/index'),
    main: () => import('./helm-deploy/src/main'),
    post: async () => (await import('./helm-deploy/src/post')).post,
  }),
  notify: action({
    schemas: () => import('./notify/src/index'),
    main: () => import('./notify/src/main'),
  }),
  'plan-apply': action({
    schemas: () => import('./plan-apply/src/index'),
    main: () => import('./plan-apply/src/main'),
    post: async () => (await import('./plan-apply/src/post')).post,
  }),
  'restore-point': action({
    schemas: () => import('./restore-point/src/index'),
    main: () => import('./restore-point/src/main'),
    post: restoreUnfinishedTraffic,
  }),
  'rollout-plan': action({
    schemas: () => import('./rollout-plan/src/index'),
    main: () => import('./rollout-plan/src/main'),
  }),
  'run-hook': action({
    schemas: () => import('./run-hook/src/index'),
    main: () => import('./run-hook/src/main'),
    post: restoreUnfinishedTraffic,
  }),
  'traffic-weight': action({
    schemas: () => import('./traffic-weight/src/index'),
    main: () => import('./traffic-weight/src/main'),
    post: restoreUnfinishedTraffic,
  }),
} satisfies Record<string, Action>

/** Name of an action: its folder, and what stands behind the repository in `uses`. */
export type ActionName = keyof typeof suite
