import { z } from 'zod'

/** How many ready endpoints an arm must have. */
export const endpointsRule = z
  .enum(['enough', 'any', 'ignore'])
  .default('enough')
  .describe(
    'ready endpoints that an arm must have before its share grows: `enough` for that share, as the arm with most of them has for all of the traffic; `any`: one; `ignore`: nobody looks',
  )
export type EndpointsRule = z.infer<typeof endpointsRule>

/** `VirtualService api/shop`; without a namespace where that is the one of the context, which is not known yet. */
export const nameOf = (
  kind: string,
  { namespace, name }: { namespace?: string | undefined; name: string },
): string => `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`

/** One step deeper in a JSON pointer. Source: RFC 6901. */
export const pointer = (...keys: readonly (string | number)[]): string =>
  keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
