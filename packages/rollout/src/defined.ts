/** An object without its undefined values: a key whose value may be undefined becomes an optional one. */
export type Defined<T extends object> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/**
 * Leaves out the keys whose value is undefined; null, false, 0 and '' stay. Needed because under
 * `exactOptionalPropertyTypes` `{ x: undefined }` does not satisfy `{ x?: T }`, and because a spread of it overwrites.
 */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as unknown as Defined<T>
}
