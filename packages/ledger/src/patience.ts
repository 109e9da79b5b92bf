const MINUTE_MS = 60_000

/**
 * How long GitHub is waited for, in the action's milliseconds. `forward`: before a write and at the commit nothing is at
 * stake but time, and a quota that is used up comes back within the hour. `plan`: a look in a job of a quarter of an
 * hour. `restoreStep` and `guard`: as long as they try to put traffic back; that itself waits for no ledger, or for
 * `badTraffic` an answer, and for `slowAnswers` all of them while each comes. `trafficFirst`: the rest of the restore comes after it, and asks again.
 */
export const LEDGER_PATIENCE_MS = {
  forward: 65 * MINUTE_MS,
  plan: 10 * MINUTE_MS,
  restoreStep: 5 * MINUTE_MS,
  guard: 50 * MINUTE_MS,
  trafficFirst: MINUTE_MS / 6,
  badTraffic: MINUTE_MS / 20,
  slowAnswers: MINUTE_MS / 3,
} as const
