import type { z } from 'zod'

/** The keys that an object at this path may have, be it alone or in place of a line; none where there is no object. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, path)
  const objects = found ? alternativesOf(found).filter((one) => 'shape' in one) : []
  return objects.length === 1 ? Object.keys((objects[0] as z.ZodObject).shape) : []
}

/** Follows a path through objects, arrays, records and their wrappers; undefined where a union makes it ambiguous. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let here = unwrap(schema)
  for (const part of path) {
    const [next, ...others] = alternativesOf(here).flatMap((one) => childOf(one, part) ?? [])
    if (!next || others.length > 0) return undefined
    here = unwrap(next)
  }
  return here
}

/** What may stand in a place: the members of a union, or the schema itself. */
export const alternativesOf = (schema: z.ZodType): z.ZodType[] =>
  (schema.def as { options?: z.ZodType[] }).options?.map(unwrap) ?? [schema]

function childOf(schema: z.ZodType, part: PropertyKey): z.ZodType | undefined {
  const def = schema.def as {
    shape?: Record<string, z.ZodType>
    element?: z.ZodType
    valueType?: z.ZodType
    items?: z.ZodType[]
  }
  return def.shape?.[String(part)] ?? def.element ?? def.valueType ?? def.items?.[Number(part)]
}

function unwrap(schema: z.ZodType): z.ZodType {
  const def = schema.def as { innerType?: z.ZodType; in?: z.ZodType; options?: z.ZodType[] }
  if (def.innerType) return unwrap(def.innerType)
  if (def.in) return unwrap(def.in)
  if (def.options?.length === 1 && def.options[0]) return unwrap(def.options[0])
  return schema
}
