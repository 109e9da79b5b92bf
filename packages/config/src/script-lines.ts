import type { z } from 'zod'
import { isScriptLine, type Providers } from '@deploy-actions/action-kit'
import type { ValuePath } from './variables'
import { loose } from './yaml-source'

/** Where in a document the settings of a provider stand. */
export interface ProviderPlace {
  path: ValuePath
  providers: Providers<unknown>
  settings: unknown
}

/** A section that may hold script lines and names no provider. */
interface Section {
  path: ValuePath
  options: z.ZodType
}

/** Tells which values of a document are script lines, by the options of the providers that stand in it, and of `sections`. */
export async function scriptLines(
  places: readonly ProviderPlace[],
  sections: readonly Section[] = [],
): Promise<(path: ValuePath) => boolean> {
  const named = await Promise.all(
    places.map(async ({ path, providers, settings }) => {
      const type = loose(settings)['type']
      const isKnown = typeof type === 'string' && providers.types.includes(type)
      return { path, options: isKnown ? (await providers.load(type)).options : undefined }
    }),
  )
  return (path) =>
    [...named, ...sections].some(
      ({ path: place, options }) =>
        options !== undefined &&
        place.every((part, index) => path[index] === part) &&
        isScriptLine(options, path.slice(place.length)),
    )
}

/** The one script line of an infrastructure, whose variables are filled argument by argument. */
export const isPolicyScript = (path: ValuePath): boolean =>
  path[0] === 'infrastructure' && path.at(-2) === 'policy' && path.at(-1) === 'script'

/** The settings that a map or list of providers holds, each with its place. */
export const eachOf = (path: ValuePath, providers: Providers<unknown>, value: unknown): ProviderPlace[] =>
  Object.entries(loose(value)).map(([key, settings]) => ({
    path: [...path, Array.isArray(value) ? Number(key) : key],
    providers,
    settings,
  }))
