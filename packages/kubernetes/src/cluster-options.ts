import { z } from 'zod'
import type { ProviderPorts } from '@deploy-actions/action-kit'
import { openCluster, type Cluster } from './cluster'

/** Source: Kubernetes, "Object Names and IDs": names as of DNS subdomains. */
export const objectName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    'is not a name: a-z, 0-9, - and ., and neither - nor . at its ends',
  )

/** How a provider is told which cluster is meant. */
export const clusterOptions = {
  context: z.string().min(1).optional().describe('context of the kubeconfig; default its current one'),
  'kubeconfig-secret': z
    .string()
    .min(1)
    .optional()
    .describe(
      "name of the secret with a kubeconfig; default what the job's environment names (KUBECONFIG, ~/.kube/config, the pod's own account)",
    ),
}

interface Chosen {
  context?: string | undefined
  'kubeconfig-secret'?: string | undefined
}

/** The cluster of a provider, opened when it is first asked and then kept. */
export function clusterOf(
  { context, 'kubeconfig-secret': secret }: Chosen,
  ports: ProviderPorts,
): () => Promise<Cluster> {
  let opened: Promise<Cluster> | undefined
  const kubeconfig = secret === undefined ? undefined : ports.secrets.get(secret)
  return () => (opened ??= openCluster({ context, kubeconfig }, ports))
}
