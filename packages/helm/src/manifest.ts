import { kubernetesObject, type KubernetesObject } from '@deploy-actions/kubernetes'
import { FAILURE_REASONS } from './failure'

/** An image that a manifest names, and who runs it. */
export interface RenderedImage {
  /** `Deployment/api`; of what has neither kind nor name, as a part of a manifest that was cut, empty */
  object: string
  /** name of the container; of an object that has its own words for images, such as one of an operator, the path of the value */
  container: string
  image: string
}

/** What a manifest holds, as far as a deploy asks. */
export interface RenderedManifest {
  images: RenderedImage[]
  /** names of its custom resource definitions */
  definitions: string[]
  /** what it is made of, to be held against a cluster and never shown: values are in it */
  objects: KubernetesObject[]
}

/** What `helm upgrade --dry-run` prints holds hooks before and notes behind it, which run nothing that stays. */
export function manifestIn(printed: string): string {
  const [manifest = ''] = printed.slice(Math.max(0, printed.search(/^MANIFEST:$/m))).split(/^NOTES:$/m)
  return manifest.replace(/^MANIFEST:$/m, '')
}

/** The hooks of what it prints, which come before. */
export const hooksIn = (printed: string): string =>
  printed.slice(0, Math.max(0, printed.search(/^MANIFEST:$/m)))

/** Objects whose values are data, whatever they are called. */
const DATA = new Set(['ConfigMap', 'Secret'])
/** Keys beneath which nothing runs. */
const NOTHING_RUNS = new Set(['annotations', 'labels', 'matchLabels'])
const CONTAINERS = new Set(['containers', 'initContainers', 'ephemeralContainers'])
/** Keys whose values are images or parts of them, in objects of kinds that are not known here. */
const IMAGES = /(?:image|tag|digest)$/i

/** Reads a manifest; the library is loaded here, since most runs need none. */
export async function readManifest(manifest: string): Promise<RenderedManifest> {
  const { parse } = await import('yaml')
  const documents = manifest.split(/^---.*$/m).map((text): unknown => {
    try {
      return parse(text, { uniqueKeys: false, logLevel: 'silent' })
    } catch {
      // Helm has parsed it, so it is the rest of one that was cut, and proves nothing.
      return undefined
    }
  })
  const objects = documents.map(mapOf)
  return {
    images: objects.flatMap(imagesOf),
    definitions: objects
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map(({ metadata }) => String(mapOf(metadata)['name'] ?? '?')),
    objects: documents.flatMap(itemsOf).flatMap((one) => kubernetesObject.safeParse(one).data ?? []),
  }
}

/** A `List` is its items. */
function itemsOf(document: unknown): unknown[] {
  const { kind, items } = mapOf(document)
  return kind === 'List' && Array.isArray(items) ? items.flatMap(itemsOf) : [document]
}

/** Words of which texts about a deploy are made: one that a Secret holds, too, is no secret by that. */
const PLAIN_WORDS = new Set([
  ...FAILURE_REASONS.flatMap((reason) => [reason, ...reason.split('-')]),
  ...['deployed', 'failed', 'superseded', 'uninstalled', 'pending', 'upgrade', 'rollback', 'release'],
  ...['revision', 'timeout', 'context', 'deadline', 'exceeded', 'connection', 'server', 'client', 'service'],
  ...[
    'namespace',
    'default',
    'container',
    'registry',
    'config',
    'global',
    'localhost',
    'enabled',
    'disabled',
  ],
  ...['production', 'staging', 'development', 'testing', 'password', 'username', 'postgres', 'database'],
])

/** A key of YAML that is written in a Secret has its value on other lines. */
const isPlain = (part: string): boolean => part.endsWith(':') || PLAIN_WORDS.has(part.toLowerCase())

/**
 * What Secrets hold, whole and by lines: whoever reads it may say it. What is a part of a name or an image, or a plain word,
 * hides nothing, since texts about an object would be blanked by it.
 */
export function secretValuesIn(
  { objects, images }: Pick<RenderedManifest, 'objects' | 'images'>,
  names: readonly string[],
): string[] {
  const said = [
    ...names,
    ...objects.flatMap(({ kind, metadata }) => [textOf(kind), metadata.name, textOf(metadata.namespace)]),
    ...images.flatMap(({ container, image }) => [container, image]),
  ]
  const texts = objects.filter(({ kind }) => kind === 'Secret').flatMap(textsOf)
  const parts = texts.flatMap((text) => [text, ...text.split('\n').map((line) => line.trim())])
  return [...new Set(parts)].filter((part) => !isPlain(part) && !said.some((name) => name.includes(part)))
}

function textsOf({ data, stringData }: KubernetesObject): string[] {
  const coded = Object.values(mapOf(data)).map((value) =>
    Buffer.from(textOf(value), 'base64').toString('utf8'),
  )
  return [...coded, ...Object.values(mapOf(stringData)).map(textOf)]
}

function imagesOf(object: Record<string, unknown>): RenderedImage[] {
  const kind = textOf(object['kind'])
  if (DATA.has(kind)) return []
  const name = textOf(mapOf(object['metadata'])['name'])
  const found: RenderedImage[] = []
  const add = (container: string, image: string): void =>
    void found.push({ object: [kind, name].filter(Boolean).join('/'), container, image })
  visit(object, [], add)
  return found
}

function visit(
  value: unknown,
  path: readonly string[],
  add: (container: string, image: string) => void,
): void {
  for (const [key, inner] of Object.entries(mapOf(value))) {
    if (NOTHING_RUNS.has(key)) continue
    if (CONTAINERS.has(key) && Array.isArray(inner)) {
      for (const container of inner) {
        const { name, image } = mapOf(container)
        if (typeof image === 'string') add(textOf(name), image)
      }
    } else if (IMAGES.test(key) && typeof inner === 'string') add([...path, key].join('.'), inner)
    else if (typeof inner === 'object') visit(inner, [...path, key], add)
  }
}

/** Of what several images prove of a digest. */
export interface Proof {
  /** those that have it */
  with: RenderedImage[]
  /** those of the same repository that have not: two versions of one image would run */
  without: RenderedImage[]
}

/**
 * Which images have the digest, in any container. A registry's mirror may stand in place of the repository.
 * @param image the image without tag or digest, where it is known: then it may be nowhere without its digest
 */
export function proofOf(images: readonly RenderedImage[], digest: string, image?: string): Proof {
  const isSame = (one: string): boolean => image !== undefined && repositoryOf(one) === image
  return {
    with: images.filter((one) => one.image.includes(digest)),
    without: images.filter((one) => isSame(one.image) && !one.image.includes(digest)),
  }
}

/** Without tag and digest; a port is no tag. */
const repositoryOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')

/** `Deployment/api (app)`. */
export const whoRuns = ({ object, container }: RenderedImage): string => `${object} (${container})`

const mapOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
