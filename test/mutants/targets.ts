/** What is mutated, and where the tests are that should notice; folders or files, from the root of the repository. */
export interface Target {
  name: string
  sources: string[]
  tests: string[]
}

export const targets: Target[] = [
  {
    name: 'rollout',
    sources: ['packages/rollout/src'],
    tests: ['packages/rollout/src', 'packages/traffic/src', 'packages/transaction/src'],
  },
  {
    name: 'stage decisions',
    sources: [
      'actions/canary-step/src/stage.ts',
      'packages/analysis/src/verdict.ts',
      'packages/analysis/src/stage-watch.ts',
      'packages/analysis/src/silence.ts',
      'packages/analysis/src/alike.ts',
      'packages/analysis/src/criterion.ts',
    ],
    tests: ['packages/analysis/src', 'actions/canary-step/src/stage.test.ts'],
  },
  {
    name: 'traffic',
    sources: ['packages/traffic/src'],
    tests: [
      'packages/traffic/src',
      'test/contract/routers.test.ts',
      'packages/transaction/src',
      'actions/canary-step/src/stage.test.ts',
    ],
  },
  {
    name: 'transaction',
    sources: ['packages/transaction/src'],
    tests: ['packages/transaction/src', 'actions/restore-point/src', 'actions/canary-step/src/stage.test.ts'],
  },
  {
    name: 'ledger',
    sources: ['packages/ledger/src'],
    tests: ['packages/ledger/src', 'test/contract/ledger.test.ts', 'packages/transaction/src'],
  },
]
