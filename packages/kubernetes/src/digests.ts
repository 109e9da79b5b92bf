import type { PodObject } from './workloads'

/** What runs in a container, held against the digest that was approved. */
export interface RunningImage {
  pod: string
  container: string
  /** as the pod asks for it */
  image: string
  /** as the node says what it runs; empty before it runs */
  running: string
  /**
   * `exactly`: the node names the digest. `by-index`: the pod asks for the digest and the node names another one, as it
   * does where the digest is of an index of several platforms and the node names that of its own. `another`: the pod asks
   * for something else, by a tag that has moved or because admission has changed it. `unknown`: nothing runs yet.
   */
  is: 'exactly' | 'by-index' | 'another' | 'unknown'
}

/** Runtimes write `docker-pullable://` and the like before it. Source: Kubernetes, ContainerStatus, `imageID`. */
const digestIn = (text: string): string | undefined => /sha256:[0-9a-f]{64}/.exec(text)?.[0]

/**
 * What the containers of a pod run that are meant to run a digest.
 * @param meant names of the containers that the manifest asks to run it
 */
export function runningImages(
  { metadata, spec, status }: PodObject,
  digest: string,
  meant: ReadonlySet<string>,
): RunningImage[] {
  const states = [...status.initContainerStatuses, ...status.containerStatuses]
  return [...spec.initContainers, ...spec.containers]
    .filter(({ name }) => meant.has(name))
    .map(({ name, image }) => {
      const running = states.find((state) => state.name === name)?.imageID ?? ''
      return { pod: metadata.name, container: name, image, running, is: compared(digest, image, running) }
    })
}

function compared(digest: string, image: string, running: string): RunningImage['is'] {
  const runs = digestIn(running)
  if (runs === digest) return 'exactly'
  // What is asked for by its digest is that or nothing: whatever the node calls it, it was found by its content.
  if (digestIn(image) === digest) return runs === undefined ? 'unknown' : 'by-index'
  return runs === undefined && digestIn(image) === undefined ? 'unknown' : 'another'
}
