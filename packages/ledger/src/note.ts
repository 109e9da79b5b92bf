/** GitHub keeps 140 characters of a status' description; every ledger keeps no more. */
export const MAX_NOTE = 140

/** No more than so many characters, and no half of one. */
export const cutTo = (longest: number, text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
