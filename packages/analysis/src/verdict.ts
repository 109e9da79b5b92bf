/** What a check or a stage came to. */
export const verdicts = ['pass', 'inconclusive', 'error', 'fail'] as const
export type Verdict = (typeof verdicts)[number]

/** The verdict that decides among several: `fail > error > inconclusive > pass`. Without any verdict it is not a pass. */
export function worst(list: readonly Verdict[]): Verdict {
  if (list.length === 0) return 'inconclusive'
  return list.reduce((a, b) => (verdicts.indexOf(b) > verdicts.indexOf(a) ? b : a))
}

/** What one test says of one sample, and the numbers it rests on. */
export interface Judgement {
  metric: string
  verdict: Verdict
  /** one sentence, derived from the numbers where it is shown: most samples are not */
  reason: () => string
  /** the baseline fails as much in the same window, so that the release may not be to blame */
  alike?: true
  /** of what is inconclusive: there is enough data, and too much speaks against the canary to let it pass */
  suspected?: true
  /** it is shown and decides nothing */
  reportOnly?: boolean
  /** odds against the canary being fine, and the odds at which it fails */
  evidence?: { value: number; bar: number }
  /** the limit of the stage, as a rate */
  limit?: number
  observed: Record<string, number>
}
