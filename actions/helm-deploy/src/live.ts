import { providerPorts, type Ports } from '@deploy-actions/action-kit'
import { observerOf } from '@deploy-actions/helm'
import { clusterOf, type Cluster, type DiagnosisLimits } from '@deploy-actions/kubernetes'
import { labelsByHelm, type AskLabels } from './owners'
import type { Program, Seams } from './session'

interface Limits {
  /** how long workloads may still take once Helm has called them ready */
  settleMs: number
  stabiliseMs: number
  diagnosis: DiagnosisLimits
}

/** What the cluster itself is asked beside Helm, over the same kubeconfig. Nothing is asked before it is needed. */
export function liveSeams(
  { kubeContext, kubeconfigSecret }: Pick<Program, 'kubeContext' | 'kubeconfigSecret'>,
  ports: Ports,
  { settleMs, stabiliseMs, diagnosis }: Limits,
): Required<Seams> {
  const open = clusterOf(
    // Helm itself takes the context from this variable where nobody names one.
    { context: kubeContext ?? ports.ambient['HELM_KUBECONTEXT'], 'kubeconfig-secret': kubeconfigSecret },
    providerPorts(ports),
  )
  return {
    observer: observerOf(open, ports, { settleMs, stabiliseMs, limits: diagnosis }),
    askLabels: labelsInCluster(open, ports.ambient['HELM_DRIVER']),
  }
}

/** Where Helm keeps a revision. Source: helm, `storage.makeKey`; with the driver `sql` it is in no cluster. */
const KEPT_IN: Record<string, string> = {
  secret: 'secrets',
  secrets: 'secrets',
  configmap: 'configmaps',
  configmaps: 'configmaps',
}

/** Labels of what Helm keeps, without what is in it; both majors have them there, and Helm 3 does not print them. */
const labelsInCluster =
  (open: () => Promise<Cluster>, driver = 'secret'): AskLabels =>
  async (helm, revision, signal) => {
    const { release, namespace } = helm.where
    const plural = KEPT_IN[driver]
    if (plural === undefined) return labelsByHelm(helm, revision, signal)
    try {
      const ref = { apiVersion: 'v1', plural, namespace, name: `sh.helm.release.v1.${release}.v${revision}` }
      return (await (await open()).readMetadata(ref, signal))?.labels
    } catch {
      // Who may not read it, or cannot, is told what Helm tells.
      return labelsByHelm(helm, revision, signal)
    }
  }
