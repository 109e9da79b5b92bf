import { z } from 'zod'
import { InputError, type ProviderPorts } from '@deploy-actions/action-kit'
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
      "name of the secret with a kubeconfig in one line, as JSON or in base64; default what the job's environment names (KUBECONFIG, ~/.kube/config, the pod's own account)",
    ),
}

/** The same for what stands in a namespace. */
export const namespacedOptions = {
  ...clusterOptions,
  namespace: objectName.optional().describe('default that of the context'),
}

interface Chosen {
  context?: string | undefined
  'kubeconfig-secret'?: string | undefined
}

/**
 * The kubeconfig of a secret. Secrets are handed over in lines, so it is written in one: as JSON, or in base64.
 * @throws InputError when it is named and was not handed over: another cluster is never taken in its place
 */
export function kubeconfigIn(
  secrets: ProviderPorts['secrets'],
  name: string | undefined,
): string | undefined {
  if (name === undefined) return undefined
  const text = secrets.get(name)
  if (!text)
    throw new InputError([
      {
        where: 'kubeconfig-secret',
        message: `the secret ${name} was not handed over; add ${name}=... to the secrets input (DEPLOY_SECRETS), the kubeconfig in one line: kubectl config view --raw --minify --flatten | base64 -w0`,
      },
    ])
  return /^[A-Za-z0-9+/]+=*$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : text
}

/** The cluster of a provider, opened when it is first asked and then kept. */
export function clusterOf(
  { context, 'kubeconfig-secret': secret }: Chosen,
  ports: ProviderPorts,
): () => Promise<Cluster> {
  let opened: Promise<Cluster> | undefined
  const kubeconfig = kubeconfigIn(ports.secrets, secret)
  return () => (opened ??= openCluster({ context, kubeconfig }, ports))
}
