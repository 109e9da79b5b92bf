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
    tests: [
      'packages/analysis/src',
      'actions/canary-step/src/stage.test.ts',
      'actions/canary-step/src/stage-hooks.test.ts',
    ],
  },
  {
    name: 'steering',
    sources: [
      'actions/canary-step/src/steering.ts',
      'actions/canary-step/src/walk-stages.ts',
      'actions/restore-point/src/steer.ts',
    ],
    tests: [
      'actions/canary-step/src/steering.test.ts',
      'actions/canary-step/src/walk-stages.test.ts',
      'actions/canary-step/src/stage-hooks.test.ts',
      'actions/canary-step/src/expected-share.test.ts',
      'test/contract/steer.test.ts',
    ],
  },
  {
    name: 'hooks',
    sources: [
      'actions/canary-step/src/stage-hooks.ts',
      'actions/rollout-plan/src/schema-compatibility.ts',
      'packages/config/src/hooks.ts',
    ],
    tests: [
      'actions/canary-step/src/stage-hooks.test.ts',
      'actions/rollout-plan/src/main.test.ts',
      'packages/config/src/hooks.test.ts',
    ],
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
    name: 'emergency',
    sources: [
      'actions/restore-point/src/choose.ts',
      'actions/restore-point/src/fence.ts',
      'actions/restore-point/src/stop.ts',
      'actions/restore-point/src/proven-back.ts',
      'actions/restore-point/src/sweep.ts',
      'actions/restore-point/src/decommission.ts',
      'actions/restore-point/src/due.ts',
      'actions/restore-point/src/serves-all.ts',
      'actions/audit-summary/src/taken-back.ts',
    ],
    tests: [
      'test/contract/emergency.test.ts',
      'test/contract/sweep.test.ts',
      'test/contract/old-arm.test.ts',
      'actions/audit-summary/src/main.test.ts',
    ],
  },
  {
    name: 'ledger',
    sources: ['packages/ledger/src'],
    tests: [
      'packages/ledger/src',
      'test/contract/ledger.test.ts',
      'test/contract/emergency.test.ts',
      'test/contract/sweep.test.ts',
      'test/contract/steer.test.ts',
      'test/contract/downgrade.test.ts',
      'test/contract/old-arm.test.ts',
      'packages/transaction/src',
    ],
  },
]
