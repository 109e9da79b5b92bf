import { ENVIRONMENT, REGION, type JobName, type Step } from './world'

// The steps of the templates, with the inputs that those give them.

export const ID = `1001-1-shop-${REGION}-1`

const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
const configured = { config: 'rollout.yml', region: REGION }
const named = { service: 'shop', environment: ENVIRONMENT, region: REGION }
const DEPLOY: JobName = { run: 'rollout', job: 'deploy' }
const GUARD: JobName = { run: 'rollout', job: 'guard' }
const RESTORER: JobName = { run: 'restorer', job: 'guard' }
const TAKES_TRAFFIC: JobName = { run: 'emergency', job: 'traffic' }
const TAKES_WORKLOAD: JobName = { run: 'emergency', job: 'workload' }

const restorePoint = (name: string, of: JobName, mode: string, inputs: Record<string, string>): Step => ({
  name,
  of,
  action: 'restore-point',
  inputs: { mode, ...inputs },
})

/** The writing steps of the deploy job, in order. @param transaction that `begin` opens */
export function deployJob(of: JobName = DEPLOY, transaction = ID): [Step, Step, Step, Step] {
  return [
    restorePoint('begin', of, 'begin', { ...configured, ...release }),
    {
      name: 'deploy',
      of,
      action: 'run-hook',
      inputs: { ...configured, hook: 'deploy', transaction },
    },
    { name: 'canary', of, action: 'canary-step', inputs: { ...configured, transaction } },
    restorePoint('commit', of, 'commit', { transaction }),
  ]
}

const moveShare = (name: string, of: JobName, mode: string, transaction: string): Step => ({
  name,
  of,
  action: 'traffic-weight',
  inputs: { mode, transaction },
})

/** The same where a router gives the region its share: it is drained for the deploy. */
export function sharingJob(of: JobName = DEPLOY, transaction = ID): [Step, Step, Step, Step, Step, Step] {
  const [begin, deploy, canary, commit] = deployJob(of, transaction)
  const drain = moveShare('drain', of, 'drain-share', transaction)
  const giveBack = moveShare('give back', of, 'return-share', transaction)
  return [begin, drain, deploy, giveBack, canary, commit]
}

/** `Restore`, when a step of the deploy job has failed. */
export const restoreStep = restorePoint('restore', DEPLOY, 'restore', {
  ...configured,
  to: 'open',
  transaction: ID,
})

/** At the end of the job, by the action whose step has run. */
export const postOf = ({ action, of }: Step): Step => ({
  name: `post of ${action}`,
  of,
  action,
  inputs: {},
  post: true,
})

export const guardTraffic = restorePoint('guard, traffic', GUARD, 'restore', { ...named, only: 'traffic' })
export const guardRestore = restorePoint('guard', GUARD, 'restore', {
  ...configured,
  ...named,
  to: 'open',
  reason: 'the deploy job ended without a commit (failure)',
})

/** In a run of its own, as whoever restores what a dead run has left. */
export const restorer = restorePoint('restorer', RESTORER, 'restore', { ...named, to: ID })

export const fence = restorePoint('fence', TAKES_TRAFFIC, 'fence', {
  service: 'shop',
  region: REGION,
  to: 'previous',
  reason: 'orders are lost',
})
export const emergencyTraffic = restorePoint('emergency, traffic', TAKES_TRAFFIC, 'restore', {
  ...named,
  only: 'traffic',
  to: ID,
})
/** The same in the steps of its rollout.yml. */
export const emergencySteps: Step = {
  ...emergencyTraffic,
  name: 'emergency, in steps',
  inputs: { ...emergencyTraffic.inputs, staged: 'true' },
}
export const emergencyStop = restorePoint('emergency, stop', TAKES_TRAFFIC, 'stop', { ...named, to: ID })
export const emergencyWait = restorePoint('emergency, wait', TAKES_WORKLOAD, 'stop', {
  ...named,
  to: ID,
  cancel: 'false',
})
export const emergencyWorkload = restorePoint('emergency, workload', TAKES_WORKLOAD, 'restore', {
  ...named,
  to: ID,
  reason: 'taken back by ann: orders are lost',
})
export const resolve = restorePoint('resolve', RESTORER, 'resolve', {
  ...configured,
  to: ID,
  reason: 'put back by hand',
})

/** The same guard where the checkout has failed: it cannot restore the workload. */
export const guardWithoutCheckout: Step = { ...guardRestore, name: 'guard without a checkout', bare: true }

export const setWeights: Step = {
  name: 'traffic-weight',
  of: DEPLOY,
  action: 'traffic-weight',
  inputs: { ...configured, ...release, mode: 'set', weights: 'blue=0%,green=100%' },
}
export const canaryAlone: Step = {
  name: 'canary-step alone',
  of: DEPLOY,
  action: 'canary-step',
  inputs: { ...configured, ...release },
}

/** The next rollout of somebody else: it is let in where the target is free. */
export const [nextBegin] = deployJob({ run: 'next', job: 'deploy' })
