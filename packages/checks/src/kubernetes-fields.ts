import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { kubernetesObject, type Cluster } from '@deploy-actions/kubernetes'
import type { Finding } from './cluster-probe'

const RESOURCE = /^((?:[a-z0-9.-]+\/)?v[0-9a-z]+)\/([a-z]+)\/([a-z0-9][a-z0-9.-]*)$/

/** A field of an object, and what it must be. */
export const fieldOption = z.strictObject({
  of: z
    .string()
    .regex(RESOURCE, 'is not written as VERSION/PLURAL/NAME, such as networking.k8s.io/v1/ingresses/shop')
    .describe('the object: `networking.k8s.io/v1/ingresses/shop`, `v1/serviceaccounts/shop`'),
  field: z
    .string()
    .regex(/^(\/[^/]*)+$/, 'is not a JSON pointer, such as /metadata/annotations/example.com~1team')
    .describe('JSON pointer (RFC 6901): a slash within a name is written `~1`'),
  is: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('what it must be; default: anything but nothing'),
})
export type FieldOption = z.infer<typeof fieldOption>

/** What is not as it should be of the fields. */
export async function fieldsOf(
  cluster: Cluster,
  namespace: string,
  fields: readonly FieldOption[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const found = await Promise.all(
    fields.map(async ({ of, field, is }): Promise<Finding[]> => {
      const [, apiVersion = '', plural = '', name = ''] = RESOURCE.exec(of) ?? []
      const object = await cluster.read({ apiVersion, plural, namespace, name }, kubernetesObject, signal)
      if (!object) return [{ what: `${plural} ${namespace}/${name} is not there` }]
      const value = valueAt(object, field)
      const right = is === undefined ? value !== undefined && value !== '' : isDeepStrictEqual(value, is)
      const expected = is === undefined ? 'anything but nothing' : JSON.stringify(is)
      return right
        ? []
        : [
            {
              what: `${plural} ${namespace}/${name}: ${field} is ${JSON.stringify(value) ?? 'not there'}, expected ${expected}`,
            },
          ]
    }),
  )
  return found.flat()
}

function valueAt(object: unknown, field: string): unknown {
  const keys = field.slice(1).split('/')
  return keys
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (at, key) =>
        typeof at === 'object' && at !== null
          ? new Map<string, unknown>(Object.entries(at)).get(key)
          : undefined,
      object,
    )
}
