/** A mutant that no test can or should kill, and why. One that is killed or no longer there fails the run. */
export interface Explained {
  file: string
  within: string
  from: string
  to: string
  why: string
}

export const explained: Explained[] = [
  {
    file: 'packages/rollout/src/percent.ts',
    within: 'formatRate',
    from: 'percent >= 1',
    to: '(percent) > (1)',
    why: 'at exactly 1 both precisions write the same number',
  },
  {
    file: 'packages/analysis/src/verdict.ts',
    within: 'worst',
    from: 'verdicts.indexOf(b) > verdicts.indexOf(a)',
    to: '(verdicts.indexOf(b)) >= (verdicts.indexOf(a))',
    why: 'two verdicts of the same place are the same verdict',
  },
  {
    file: 'actions/canary-step/src/stage.ts',
    within: 'unreadable',
    from: "'router'",
    to: "''",
    why: 'a decision gives the verdict and the reason of a judgement, not its name',
  },
  {
    file: 'actions/canary-step/src/stage.ts',
    within: 'barredBy',
    from: "router.state === 'doubted' || router.state === 'unreadable'",
    to: 'true',
    why: 'a router that holds gives no reason, and the others have ended the stage before',
  },
  {
    file: 'packages/analysis/src/stage-watch.ts',
    within: 'decide',
    from: 'first?.alike',
    to: 'first.alike',
    why: 'a fail has a judgement that failed; the compiler does not know',
  },
  {
    file: 'packages/analysis/src/verdict.ts',
    within: 'verdicts',
    from: "'pass'",
    to: "''",
    why: 'the least of the verdicts is below all others whether it is found first or not at all',
  },
]
