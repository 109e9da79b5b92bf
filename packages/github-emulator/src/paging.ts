import { z } from 'zod'

/** The part of a list that is asked for. GitHub takes 100 for more than 100; here that is refused, since it hides a mistake. */
export const paging = z.strictObject({
  page: z.coerce.number().int().min(1).default(1),
  per_page: z.coerce.number().int().min(1).max(100).default(30),
})

/** Cuts one page out of a list, with the `Link` header where there are more. */
export function page<T>(
  items: readonly T[],
  { page, per_page }: z.output<typeof paging>,
  url: string,
): { items: T[]; headers: Record<string, string> } {
  const last = Math.max(1, Math.ceil(items.length / per_page))
  const target = (number: number, rel: string): string => {
    const address = new URL(url)
    address.searchParams.set('page', String(number))
    return `<${address.href}>; rel="${rel}"`
  }
  const links = [
    ...(page > 1 ? [target(page - 1, 'prev'), target(1, 'first')] : []),
    ...(page < last ? [target(page + 1, 'next'), target(last, 'last')] : []),
  ]
  return {
    items: items.slice((page - 1) * per_page, page * per_page),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  }
}
