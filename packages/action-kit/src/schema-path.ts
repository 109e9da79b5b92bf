import type { z } from 'zod'

/** The keys that an object at this path may have; none where it is not an object. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, path)
  return found && 'shape' in found ? Object.keys((found as z.ZodObject).shape) : []
}

/** Follows a path through objects, arrays, records and their wrappers; undefined where a union makes it ambiguous. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let here: z.ZodType | undefined = unwrap(schema)
  for (const part of path) {
    const def = here?.def as
      | { shape?: Record<string, z.ZodType>; element?: z.ZodType; valueType?: z.ZodType; items?: z.ZodType[] }
      | undefined
    const next: z.ZodType | undefined =
      def?.shape?.[String(part)] ?? def?.element ?? def?.valueType ?? def?.items?.[Number(part)]
    if (!next) return undefined
    here = unwrap(next)
  }
  return here
}

function unwrap(schema: z.ZodType): z.ZodType {
  const def = schema.def as { innerType?: z.ZodType; in?: z.ZodType; options?: z.ZodType[] }
  if (def.innerType) return unwrap(def.innerType)
  if (def.in) return unwrap(def.in)
  if (def.options?.length === 1 && def.options[0]) return unwrap(def.options[0])
  return schema
}
