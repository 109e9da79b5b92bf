import { z } from 'zod'
import type { Repository } from './repository'

/** States of a deployment status; source: REST manual, "Create a deployment status". */
export const DEPLOYMENT_STATES = [
  'error',
  'failure',
  'inactive',
  'in_progress',
  'queued',
  'pending',
  'success',
] as const

const deploymentStatus = z.strictObject({
  id: z.int(),
  state: z.enum(DEPLOYMENT_STATES),
  description: z.string(),
  environment: z.string(),
  environmentUrl: z.string(),
  logUrl: z.string(),
  createdAt: z.string(),
})
/** One status of a deployment. */
export type DeploymentStatus = z.infer<typeof deploymentStatus>

export const deployment = z.strictObject({
  id: z.int(),
  sha: z.string(),
  ref: z.string(),
  task: z.string(),
  /** As it was given: an object or text. */
  payload: z.unknown(),
  environment: z.string(),
  /** The one it was created for; a status may name another. */
  originalEnvironment: z.string(),
  description: z.string().nullable(),
  transient: z.boolean(),
  production: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Newest first. */
  statuses: z.array(deploymentStatus),
})
/** One deployment and all its statuses. */
export type Deployment = z.infer<typeof deployment>

/** What a new status says. */
interface NewStatus extends Pick<DeploymentStatus, 'state' | 'description' | 'environmentUrl' | 'logUrl'> {
  environment?: string | undefined
  autoInactive: boolean
}

/** All deployments of the repository, newest first. */
export class Deployments {
  all: Deployment[] = []

  constructor(private readonly repository: Repository) {}

  find(id: number): Deployment | undefined {
    return this.all.find((deployment) => deployment.id === id)
  }

  create(
    given: Omit<Deployment, 'id' | 'originalEnvironment' | 'createdAt' | 'updatedAt' | 'statuses'>,
  ): Deployment {
    const now = this.repository.timestamp()
    const created: Deployment = {
      id: this.repository.nextId(),
      ...given,
      originalEnvironment: given.environment,
      createdAt: now,
      updatedAt: now,
      statuses: [],
    }
    this.all.unshift(created)
    return created
  }

  delete(deployment: Deployment): void {
    this.all = this.all.filter((one) => one !== deployment)
  }

  addStatus(deployment: Deployment, status: NewStatus): DeploymentStatus {
    const environment = status.environment ?? deployment.statuses[0]?.environment ?? deployment.environment
    const { state, description, environmentUrl, logUrl } = status
    const added = this.#add(deployment, { state, description, environment, environmentUrl, logUrl })
    if (state === 'success' && status.autoInactive) this.#inactivateBefore(deployment)
    return added
  }

  /**
   * What `auto_inactive` does; source: REST manual: "all prior non-transient, non-production environment deployments
   * with the same repository and environment name", "only added to deployments that had a success state".
   */
  #inactivateBefore({ id, environment }: Deployment): void {
    for (const prior of this.all) {
      const { transient, production, statuses } = prior
      if (prior.id >= id || prior.environment !== environment || transient || production) continue
      if (statuses[0]?.state === 'success')
        this.#add(prior, {
          state: 'inactive',
          description: '',
          environment,
          environmentUrl: '',
          logUrl: statuses[0].logUrl,
        })
    }
  }

  #add(deployment: Deployment, status: Omit<DeploymentStatus, 'id' | 'createdAt'>): DeploymentStatus {
    const added = { id: this.repository.nextId(), ...status, createdAt: this.repository.timestamp() }
    deployment.statuses.unshift(added)
    deployment.environment = status.environment
    deployment.updatedAt = added.createdAt
    return added
  }
}
