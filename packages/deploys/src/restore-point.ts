import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'

/** What a script's `snapshot` printed of the arm that is about to be written. */
export const scriptPoint = lazily(() =>
  z.strictObject({
    kind: z.literal('script'),
    name: z.string(),
    /** the arm that it was taken from, and that `restore` puts back */
    arm: z.string(),
    /** at most 1 KiB: it travels in the ledger's record */
    state: z.string().refine((text) => Buffer.byteLength(text) <= 1024, 'a script state is at most 1 KiB'),
  }),
)

/** The revision of a Helm release that runs on the arm which is about to be written. */
export const helmPoint = lazily(() =>
  z.strictObject({
    kind: z.literal('helm'),
    /** of the release */
    name: z.string(),
    arm: z.string(),
    namespace: z.string(),
    /** the newest one that was deployed; 0 where there is no release */
    revision: z.int().min(0),
    /** when that was deployed: after an uninstall Helm counts from 1 again */
    updated: z.string().optional(),
  }),
)

/** The template that a workload of Kubernetes runs on the arm which is about to be written. */
export const workloadPoint = lazily(() =>
  z.strictObject({
    kind: z.literal('workload'),
    /** what it is of */
    of: z.enum(['Deployment', 'StatefulSet', 'DaemonSet']),
    name: z.string(),
    arm: z.string(),
    namespace: z.string(),
    uid: z.string(),
    /** name of the ReplicaSet or ControllerRevision that keeps the template */
    revision: z.string(),
    /** absent where the nodes say how many */
    replicas: z.int().min(0).optional(),
    /** image of each container, for people */
    images: z.record(z.string(), z.string()),
    /** `ConfigMap/name` -> version of what the template reads: an undo does not put these back */
    configuration: z.record(z.string(), z.string()),
  }),
)

/** What an Application of Argo CD runs on the arm which is about to be written. */
export const argoPoint = lazily(() =>
  z.strictObject({
    kind: z.literal('argo-cd'),
    /** of the Application */
    name: z.string(),
    arm: z.string(),
    namespace: z.string(),
    /** id in its history */
    history: z.int().min(0),
    /** commit or chart version of that */
    revision: z.string(),
    /** what the Application said of the image itself */
    override: z.string().optional(),
    /** that Argo CD saw among its objects */
    images: z.array(z.string()),
  }),
)

/** What is needed to put back what a deployer wrote: a kind for each deployer. Data only: no command, URL or credential. */
export const deployPoint = lazily(() =>
  z.discriminatedUnion('kind', [scriptPoint(), helmPoint(), workloadPoint(), argoPoint()]),
)
export type DeployPoint = z.infer<ReturnType<typeof deployPoint>>
