import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { InputError, messageOf } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'
import type { HeldElsewhere, World, WorldPlanInput } from '@deploy-actions/embedded-regions'
import {
  clusterPrograms,
  create,
  defineKindsIn,
  documentsIn,
  KWOK_STAGES,
  missingIn,
  startLocalCluster,
  until,
  type LocalCluster,
} from '@deploy-actions/local-cluster'
import { readCluster, type ClusterRegion, type Routing } from './cluster-reading'

const run = promisify(execFile)

/** Below the folder of the servers: what a rehearsal on a cluster takes from there. */
const HELM = 'bin/helm4'
const ISTIO = 'crds/istio'
const NEEDED = [...[...clusterPrograms, KWOK_STAGES].map((name) => `bin/${name}`), HELM, ISTIO]
/** Real milliseconds between two readings of the API server. */
const READ_EVERY_MS = 60
/** It is there or not after as many tries, 50 ms apart. */
const TRIES = 1200

/** Pods that start within a second or two, and whose nodes name the image that they were asked for, as kubelets do. */
const STARTING_PODS = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: starting-pods }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.phase, operator: In, values: [Pending] }
  weight: 10000
  delay: { durationMilliseconds: 700 }
  next:
    statusTemplate: |
      phase: Running
      conditions:
      {{ range $type := list "Ready" "ContainersReady" "Initialized" "PodScheduled" }}
      - { type: {{ $type }}, status: "True", lastTransitionTime: {{ Now | Quote }} }
      {{ end }}
      {{ $ip := index (PodIPsWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace) 0 }}
      podIP: {{ $ip | Quote }}
      podIPs: [{ ip: {{ $ip | Quote }} }]
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: {{ .image | Quote }}
        ready: true
        restartCount: 0
        state: { running: { startedAt: {{ Now | Quote }} } }
      {{ end }}
`

const revision = z.object({ revision: z.int(), status: z.string(), description: z.string() })
/** Of each release of a namespace its revisions, oldest first. */
export type Releases = Record<string, z.infer<typeof revision>[]>

/** What an example is rehearsed on that needs Kubernetes. */
export interface ExampleCluster {
  /** for rollout.yml: the program that installed what is there */
  helm: string
  /** of its administrator, in one line */
  kubeconfig: string
  /** The workload of a region is in the middle of a change. */
  isChanging(region: string): boolean
  /**
   * What Helm has of each region: release -> its revisions, oldest first. The world is what the API server holds by then.
   * @throws Error when one of them cannot be read
   */
  releases(): Promise<Record<string, Releases>>
  /** The proxies and apps of a world follow it from now on. @param versions by digest */
  lead(world: World, versions: ReadonlyMap<string, string>, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface ExampleClusterOptions {
  /** folder of the servers, as test/systems/install fills it */
  systems: string
  /** the example's repository, and the manifests in it that each region begins with */
  repository: string
  objects: string
  configs: readonly RegionConfig[]
  /** what runs on each arm of each region */
  plan: Pick<WorldPlanInput, 'regions'>
  say(text: string): void
}

/** @throws InputError with everything that is not there, and where it comes from */
export async function mustHaveServers(systems: string): Promise<void> {
  const missing = await missingIn(systems, NEEDED)
  if (missing.length === 0) return
  throw new InputError([
    {
      where: '--systems',
      message: `${resolve(systems)} has no ${missing.join(', no ')}: this example needs a Kubernetes API server with its controllers, kwok, Helm and the kinds of Istio on this machine. Clone OWNER/deploy-actions and run test/systems/install there: it builds them once, from their published sources, with Go, in about twelve minutes; then rehearse there, or name its .cache/systems with --systems`,
    },
  ])
}

/** Starts a cluster, and installs what runs in each region before the first rehearsal. */
export async function openExampleCluster(options: ExampleClusterOptions): Promise<ExampleCluster> {
  const { systems, configs, say } = options
  say('starting a Kubernetes API server of its own, whose pods are pretended by kwok')
  const cluster = await startLocalCluster(join(systems, 'bin'), [STARTING_PODS])
  try {
    await furnish(cluster, options)
    const kubeconfig = Buffer.from(await readFile(cluster.kubeconfig)).toString('base64')
    const routing = configs[0]?.traffic.canary.router.written.type as Routing
    say(
      `its pods serve nothing: the embedded proxies and apps of the regions follow what the API server holds, the weights of ${KINDS[routing]}, the ready endpoints of each arm and the digest of their pods' image`,
    )
    return following(cluster, {
      ...{ helm: resolve(systems, HELM), kubeconfig, routing, say },
      regions: configs.map(({ region }) => region.name),
      arms: configs[0]?.arms.names ?? [],
    })
  } catch (error) {
    await cluster.close()
    throw error
  }
}

const KINDS: Record<Routing, string> = {
  istio: 'the VirtualService',
  'kubernetes-service': "the Service's selector",
}

/** Namespaces, kinds, a release of Helm for each arm, and what splits the traffic. */
async function furnish(
  cluster: LocalCluster,
  { systems, repository, objects, plan }: ExampleClusterOptions,
): Promise<void> {
  await defineKindsIn(cluster, join(systems, ISTIO))
  const manifests = documentsIn(await readFile(join(repository, objects), 'utf8'))
  for (const { name, arms } of plan.regions) {
    await create(cluster, '/api/v1/namespaces', { metadata: { name } })
    for (const manifest of manifests) await create(cluster, addressOf(manifest, name), manifest)
    for (const [arm, { digest }] of Object.entries(arms))
      await runHelm(join(systems, HELM), cluster, [
        ...['upgrade', '--install', `shop-${arm}`, join(repository, 'chart')],
        ...['--namespace', name, '--set', `image.digest=${digest}`],
      ])
  }
}

const runHelm = async (
  program: string,
  { folder, kubeconfig }: LocalCluster,
  args: readonly string[],
): Promise<string> => (await run(program, args, { env: { HOME: folder, KUBECONFIG: kubeconfig } })).stdout

async function releasesOf(
  helm: string,
  cluster: LocalCluster,
  { regions, arms }: Pick<Followed, 'regions' | 'arms'>,
): Promise<Record<string, Releases>> {
  const all: Record<string, Releases> = {}
  for (const namespace of regions) {
    const own: Releases = (all[namespace] = {})
    for (const release of arms.map((arm) => `shop-${arm}`)) {
      const told = await runHelm(helm, cluster, ['history', release, '--namespace', namespace, '-o', 'json'])
      own[release] = z.array(revision).parse(JSON.parse(told))
    }
  }
  return all
}

function addressOf(manifest: unknown, namespace: string): string {
  const { apiVersion, kind } = manifest as { apiVersion: string; kind: string }
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return `${root}/namespaces/${namespace}/${kind.toLowerCase()}s`
}

interface Followed {
  helm: string
  kubeconfig: string
  routing: Routing
  regions: readonly string[]
  arms: readonly string[]
  say(text: string): void
}

function following(cluster: LocalCluster, { helm, kubeconfig, say, ...what }: Followed): ExampleCluster {
  let latest: Record<string, ClusterRegion> = {}
  let ended = false
  let loop = Promise.resolve()
  let follow = (): Promise<void> => Promise.resolve()
  cluster.ended.catch((error: unknown) => {
    if (!ended) say(messageOf(error))
  })
  return {
    helm,
    kubeconfig,
    isChanging: (region) => Object.values(latest[region]?.arms ?? {}).some(({ changing }) => changing),
    async releases() {
      await follow()
      return releasesOf(helm, cluster, what)
    },
    async lead(world, versions, signal) {
      const told = new Map<string, string>()
      follow = async () => {
        latest = await readCluster(cluster, what)
        for (const [region, reading] of Object.entries(latest)) {
          const held = heldBy(reading, versions)
          if (told.get(region) === JSON.stringify(held)) continue
          await world.follow(region, held)
          told.set(region, JSON.stringify(held))
        }
      }
      await until(async () => {
        if (signal?.aborted) return
        await follow()
        const waiting = Object.keys(latest).filter((region) => !isWhole(latest[region]))
        if (waiting.length > 0) throw new Error(`no ready pods in ${waiting.join(', ')}`)
      }, TRIES)
      signal?.throwIfAborted()
      loop = (async () => {
        let problem: string | undefined
        while (!ended) {
          await sleep(READ_EVERY_MS)
          const before = problem
          problem = await follow().then(
            () => undefined,
            (error: unknown) => messageOf(error),
          )
          if (problem !== undefined && problem !== before && !ended)
            say(`the regions do not follow the API server now: ${problem}`)
        }
      })()
    },
    async close() {
      ended = true
      await loop
      await cluster.close()
    },
  }
}

/** All pods of its arms are ready, and of one release each. */
const isWhole = (region: ClusterRegion | undefined): boolean =>
  region !== undefined &&
  Object.values(region.arms).every(
    ({ ready, changing, digest }) => ready > 0 && !changing && digest !== undefined,
  )

/** A digest that nobody here knows is its own version. */
function heldBy({ weights, arms }: ClusterRegion, versions: ReadonlyMap<string, string>): HeldElsewhere {
  const held = Object.entries(arms).map(([arm, { digest, ready }]) => {
    const release = digest === undefined ? undefined : { version: versions.get(digest) ?? digest, digest }
    return [arm, { ready: ready > 0, ...(release && { release }) }] as const
  })
  return { weights, arms: Object.fromEntries(held) }
}
