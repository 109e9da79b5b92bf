import { expect, it } from '@jest/globals'
import { bundledPackages } from './bundled-packages'

it('finds the innermost package of every module, concatenated ones too', () => {
  const stats = {
    modules: [
      { nameForCondition: '/repo/packages/rollout/src/plan.ts' },
      {
        nameForCondition: null,
        modules: [{ nameForCondition: '/repo/node_modules/@actions/core/lib/core.js' }],
      },
      {
        nameForCondition: '/repo/node_modules/zod/index.js',
        modules: [
          { nameForCondition: '/repo/node_modules/zod/v4/core.js' },
          { nameForCondition: '/repo/node_modules/@actions/github/node_modules/undici/index.js' },
        ],
      },
    ],
  }
  expect(bundledPackages(stats)).toEqual([
    '/repo/node_modules/@actions/core',
    '/repo/node_modules/@actions/github/node_modules/undici',
    '/repo/node_modules/zod',
  ])
})
