import type { Providers } from '@deploy-actions/action-kit'
import { between, table } from './markdown-table'

/**
 * Writes between the markers of a page which providers of each kind there are, by the descriptions of their options.
 * @throws Error for a provider without a description, or a page without the markers
 */
export async function withProviders(
  page: string,
  kinds: Readonly<Record<string, Pick<Providers<unknown>, 'all'>>>,
): Promise<string> {
  const rows = Object.entries(kinds).map(async ([kind, providers]) =>
    (await providers.all()).map(([type, { options }], index) => {
      if (!options.description)
        throw new Error(`the ${kind} ${type} has no description: .describe() its options`)
      return [index === 0 ? kind : '', `\`${type}\``, options.description]
    }),
  )
  return between(page, 'providers', table(['', 'type', 'what it is'], (await Promise.all(rows)).flat()))
}
