import type { Sample } from './sample'

/** A canary without a request for this long is silent, in the milliseconds that samples cover. */
const SILENT_MS = 60_000
/** Where requests are rare, so many of their mean gaps: e^-5 of all gaps between independent requests are longer. */
const GAPS = 5

/** Where they are frequent, so many mean gaps and so many windows will do: e^-20 of all gaps are longer. */
const MANY_GAPS = 20
const WINDOWS = 2

/** Sees when the requests of the canary fall to nothing, whatever came before in the stage. */
export interface SilenceWatch {
  /** @returns why the stage must not pass now, undefined while requests come */
  next(sample: Sample): string | undefined
}

/** @param whole the canary arm has all the traffic */
export function watchSilence(whole: boolean): SilenceWatch {
  let coveredMs = 0
  let requests = 0
  let silentMs = 0
  return {
    next({ baseline, canary, windowMs }) {
      if (!canary) return undefined
      // Nobody calls at all: that says nothing of the canary. At 100 % the baseline gets nothing by design.
      if (!whole && baseline?.requests === 0 && canary.requests === 0) return undefined
      coveredMs += windowMs
      requests += canary.requests
      silentMs = canary.requests > 0 ? 0 : silentMs + windowMs
      const gapMs = (coveredMs - silentMs) / Math.max(1, requests)
      const rare = Math.max(SILENT_MS, GAPS * gapMs)
      const frequent = requests > 0 ? Math.max(WINDOWS * windowMs, MANY_GAPS * gapMs) : rare
      return silentMs >= Math.min(rare, frequent)
        ? `the canary has had no request for ${Math.round(silentMs / 1000)} s, after ${requests} in this stage`
        : undefined
    },
  }
}
