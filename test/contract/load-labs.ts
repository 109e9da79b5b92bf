import type { Providers } from '@deploy-actions/action-kit'

/** One thing against which a provider is held: the real one, or something that stands in for it. */
export interface Place<Lab> {
  type: string
  place: string
  open: Lab
}

/**
 * The labs of every provider of a kind: `test/contract/KIND/TYPE.lab.ts` names its places. A provider without one fails
 * the run, so nothing is listed by hand.
 */
export async function loadLabs<Lab>(
  kind: string,
  { types }: Pick<Providers<unknown>, 'types'>,
): Promise<Place<Lab>[]> {
  const labs = await Promise.all(
    types.map(async (type) => {
      const { default: places } = (await import(`./${kind}/${type}.lab`)) as { default: Record<string, Lab> }
      return Object.entries(places).map(([place, open]) => ({ type, place, open }))
    }),
  )
  return labs.flat()
}
