/** A share of 0 to 1: `0.35%`. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(2))}%`

/** `135 s`, or `never`. */
export const seconds = (ms: number): string => (ms === Infinity ? 'never' : `${Math.round(ms / 1000)} s`)
