import { distance } from 'fastest-levenshtein'

/** ` Did you mean x?`, when one of the known words is near enough to be a slip. */
export function didYouMean(word: string, known: readonly string[]): string {
  const [best] = known
    .map((candidate) => ({ candidate, away: distance(word, candidate) }))
    .sort((a, b) => a.away - b.away)
  return best && best.away <= Math.max(1, Math.floor(word.length / 3))
    ? ` Did you mean ${best.candidate}?`
    : ''
}
