/**
 * What becomes of pods whose annotation `test/fails` says so, as a kubelet would report it. A weight keeps out the stage
 * that makes pods ready, for as long as their phase is Pending.
 */
const WAYS: Record<string, { phase: 'Pending' | 'Running'; container: string; more?: string }> = {
  'image-pull': {
    phase: 'Pending',
    container: `ready: false
        restartCount: 0
        state: { waiting: { reason: ImagePullBackOff, message: "Back-off pulling image" } }`,
  },
  'crash-loop': {
    phase: 'Pending',
    container: `ready: false
        restartCount: 3
        state: { waiting: { reason: CrashLoopBackOff, message: "back-off 40s restarting failed container" } }
        lastState: { terminated: { exitCode: 3, reason: Error } }`,
  },
  'out-of-memory': {
    phase: 'Pending',
    container: `ready: false
        restartCount: 2
        state: { waiting: { reason: CrashLoopBackOff, message: "back-off 20s restarting failed container" } }
        lastState: { terminated: { exitCode: 137, reason: OOMKilled } }`,
  },
  config: {
    phase: 'Pending',
    container: `ready: false
        restartCount: 0
        state: { waiting: { reason: CreateContainerConfigError, message: 'secret "db" not found' } }`,
  },
  probe: {
    phase: 'Running',
    container: `ready: false
        restartCount: 0
        state: { running: { startedAt: "2026-01-01T00:00:00Z" } }`,
    more: `conditions:
      - { type: Ready, status: "False", reason: ContainersNotReady }
      - { type: PodScheduled, status: "True" }`,
  },
}

const stageOf = (way: string): string => {
  const { phase, container, more = '' } = WAYS[way]!
  return `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: fails-${way} }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: '.metadata.annotations["test/fails"]', operator: In, values: [${way}] }
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.phase, operator: In, values: [Pending] }
  weight: 10000
  next:
    statusTemplate: |
      phase: ${phase}
      ${more}
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ${container}
      {{ end }}
`
}

/** Pods that run, whose nodes name the image that the annotation `test/image-id` says. */
const NAMED_IMAGE = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: named-image }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: '.metadata.annotations["test/image-id"]', operator: Exists }
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.phase, operator: In, values: [Pending] }
  weight: 10000
  next:
    statusTemplate: |
      {{ $id := index .metadata.annotations "test/image-id" }}
      phase: Running
      conditions:
      - { type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }} }
      - { type: PodScheduled, status: "True" }
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: {{ $id | Quote }}
        ready: true
        restartCount: 0
        state: { running: { startedAt: {{ Now | Quote }} } }
      {{ end }}
`

/** For {@link startRealCluster}. */
export const PODS_THAT_FAIL: readonly string[] = [...Object.keys(WAYS).map(stageOf), NAMED_IMAGE]

/** Every container has printed what is in a file. */
export const logsFrom = (file: string): string => `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: { name: all }
spec: { logs: [{ logsFile: ${file}, previousLogsFile: ${file} }] }
`
