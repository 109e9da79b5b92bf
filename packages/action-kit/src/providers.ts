import { z } from 'zod'
import { didYouMean } from './did-you-mean'
import { InputError } from './errors'
import type { ProviderPorts } from './ports'
import { keysAt } from './schema-path'

/** Settings of a provider as they were written, variables filled: what a config holds and a record keeps. */
export interface WrittenSettings {
  readonly type: string
  readonly [option: string]: unknown
}

/** A provider with settings that were found valid: they are parsed once, and it may be opened any number of times. */
export interface Configured<Instance, Context extends readonly unknown[] = []> {
  readonly written: WrittenSettings
  /**
   * Nothing is sent yet; the instance gets no other secrets than those that its own settings name.
   * @throws InputError when a secret that they name was not handed over
   */
  open(ports: ProviderPorts, ...context: Context): Instance
}

/** What settings come to: the provider configured with them, or everything that is wrong with them. */
export type Configuration<C> =
  { success: true; data: C } | { success: false; issues: readonly z.core.$ZodIssue[] }

/** What a provider's file exports: what it may be told, and what its settings come to. */
export interface Provider<C> {
  /** the options beside `type` */
  readonly options: z.ZodType
  /** Checks settings by the options; nothing is opened. */
  configure(written: WrittenSettings): Configuration<C>
}

/** How an author writes a provider. `Context` is what its kind hands over beside the ports, such as the arms. */
export interface ProviderDefinition<S extends z.ZodType, Instance, Context extends readonly unknown[]> {
  /** its options beside `type`; a name that ends in `-secret` names a secret */
  options: S
  create(settings: z.output<S>, ports: ProviderPorts, ...context: Context): Instance
}

/** Makes a provider of its options and its factory. */
export function provider<S extends z.ZodType, Instance, Context extends readonly unknown[]>({
  options,
  create,
}: ProviderDefinition<S, Instance, Context>): Provider<Configured<Instance, Context>> {
  return providerOf(options, (settings, written) => ({
    written,
    open: (ports, ...context) => create(settings, withOwnSecrets(options, written, ports), ...context),
  }))
}

/** The same for a kind that knows more of its settings before it is opened, such as how long it will take. */
export function providerOf<S extends z.ZodType, C>(
  options: S,
  configured: (settings: z.output<S>, written: WrittenSettings) => C,
): Provider<C> {
  return {
    options,
    configure(written) {
      const { type: _, ...given } = written
      const parsed = options.safeParse(given)
      return parsed.success
        ? { success: true, data: configured(parsed.data, written) }
        : { success: false, issues: parsed.error.issues }
    },
  }
}

/** The providers of one kind, by `type`; each is imported when it is first named. */
export interface Providers<C, More = unknown> {
  readonly types: readonly string[]
  /** @throws InputError when there is no such type */
  load(type: string): Promise<Provider<C> & More>
  /** Every provider with its type: for the JSON Schema and the documents. */
  all(): Promise<readonly (readonly [type: string, provider: Provider<C> & More])[]>
  /** A schema that hands each value to the provider that its `type` names; only those that `values` name are imported. */
  schemaFor(values: readonly unknown[]): Promise<z.ZodType<C>>
  /** The same for values that nobody has seen yet, as in the options of another provider: every type is imported. */
  schema(): Promise<z.ZodType<C>>
  /** Settings that were valid when they were recorded. @throws InputError when they no longer are */
  configure(written: WrittenSettings): Promise<C>
}

/**
 * One table of `type` -> dynamic import: a new provider is its file and a line here.
 * `More` is what providers of this kind export beside options and factory.
 */
export function defineProviders<C, More = unknown>(
  table: Record<string, () => Promise<{ default: Provider<C> & More }>>,
): Providers<C, More> {
  const types = Object.keys(table)
  const load = async (type: string): Promise<Provider<C> & More> => {
    const entry = Object.hasOwn(table, type) ? table[type] : undefined
    if (!entry) throw new InputError(unknownType(type, types))
    return (await entry()).default
  }
  const loadAll = (some: readonly string[]) =>
    Promise.all(some.map(async (type) => [type, await load(type)] as const))
  const schemaOf = async (some: readonly string[]) => settingsSchema(new Map(await loadAll(some)), types)
  return {
    types,
    load,
    all: () => loadAll(types),
    schemaFor(values) {
      const named = new Set(values.flatMap((value) => typeOf(value) ?? []))
      return schemaOf([...named].filter((type) => types.includes(type)))
    },
    schema: () => schemaOf(types),
    async configure(written) {
      const configured = (await load(written.type)).configure(written)
      if (configured.success) return configured.data
      throw new InputError(
        configured.issues.map(({ path, message }) => ({
          where: [written.type, ...path].join('.'),
          message,
        })),
      )
    },
  }
}

const writtenSettings = z.looseObject({ type: z.string() })

const typeOf = (value: unknown): string | undefined => writtenSettings.safeParse(value).data?.type

const unknownType = (type: string, types: readonly string[]): string =>
  `${type} is not a known type; known: ${types.join(', ')}.${didYouMean(type, types)}`

function settingsSchema<C>(loaded: ReadonlyMap<string, Provider<C>>, types: readonly string[]): z.ZodType<C> {
  return z.unknown().transform((value, context): C => {
    const written = writtenSettings.safeParse(value)
    if (!written.success) {
      context.addIssue({ code: 'custom', message: `needs a type; known: ${types.join(', ')}` })
      return z.NEVER
    }
    const found = loaded.get(written.data.type)
    if (!found) {
      context.addIssue({ code: 'custom', message: unknownType(written.data.type, types) })
      return z.NEVER
    }
    const configured = found.configure(written.data)
    if (configured.success) return configured.data
    for (const issue of configured.issues) context.addIssue(withKnownKeys(issue, found.options))
    return z.NEVER
  })
}

/** Which keys an object of the options may have is told here, where its schema is at hand. */
function withKnownKeys(issue: z.core.$ZodIssue, options: z.ZodType) {
  if (issue.code !== 'unrecognized_keys') return { ...issue }
  const known = [...(issue.path.length === 0 ? ['type'] : []), ...keysAt(options, issue.path)]
  const message = issue.keys
    .map((key) => `${key} is an unknown key; known here: ${known.join(', ')}.${didYouMean(key, known)}`)
    .join(' ')
  return { code: 'custom' as const, message, path: [...issue.path, ...issue.keys.slice(0, 1)] }
}

/**
 * The ports of one instance: of the secrets that were handed over, those that its settings name.
 * @throws InputError when one of these was not handed over
 */
export function withOwnSecrets(
  options: z.ZodType,
  { type, ...given }: WrittenSettings,
  ports: ProviderPorts,
): ProviderPorts {
  const own = secretNames(options, given).map((name) => [name, ports.secrets.get(name)] as const)
  const missing = own.filter(([, value]) => !value).map(([name]) => name)
  if (missing.length > 0)
    throw new InputError(
      missing.map((name) => ({
        where: type,
        message: `the secret ${name} was not handed over; add ${name}=... to the secrets input (DEPLOY_SECRETS)`,
      })),
    )
  return { ...ports, secrets: new Map(own.flatMap(([name, value]) => (value ? [[name, value]] : []))) }
}

/** What the options that end in `-secret` or `-secrets` say, however deep they stand; a free map, as of headers, has none. */
function secretNames(options: z.ZodType, value: unknown, path: PropertyKey[] = []): string[] {
  if (typeof value !== 'object' || value === null) return []
  const known = keysAt(options, path)
  return Object.entries(value).flatMap(([key, inner]) => {
    const names = namesOf(key, inner)
    if (names) return known.includes(key) ? names : []
    return secretNames(options, inner, [...path, key])
  })
}

/** The secrets that an option names: `-secret` one, `-secrets` a list; undefined for any other option. */
function namesOf(key: string, value: unknown): string[] | undefined {
  if (key.endsWith('-secret') && typeof value === 'string') return [value]
  if (key.endsWith('-secrets') && Array.isArray(value))
    return value.filter((name) => typeof name === 'string')
  return undefined
}
