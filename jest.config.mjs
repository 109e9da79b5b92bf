/** One runner for every test; `--selectProjects` picks a kind. Real servers are in the `systems` project, which `npm test` leaves out. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2024',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/'],
  modulePathIgnorePatterns: ['<rootDir>/.release', '<rootDir>/.cache', '<rootDir>/.turbo', '/dist/'],
  setupFilesAfterEnv: ['<rootDir>/test/setup.ts'],
}

const project = (displayName, ...testMatch) => ({ ...shared, displayName, testMatch })

export default {
  // Children and real sockets are slow on a busy machine; nothing asserts how long they take.
  testTimeout: 30_000,
  globalSetup: '<rootDir>/test/temp/setup.mjs',
  globalTeardown: '<rootDir>/test/temp/teardown.mjs',
  reporters: ['default', '<rootDir>/test/count-reporter.mjs', '<rootDir>/test/cases/reporter.mjs'],
  projects: [
    project('unit', '<rootDir>/{actions,packages}/*/src/**/*.test.ts', '<rootDir>/test/bench/**/*.test.ts'),
    project('contract', '<rootDir>/test/contract/**/*.test.ts'),
    project('providers', '<rootDir>/test/providers/**/*.test.ts'),
    project('bundles', '<rootDir>/test/bundles/**/*.test.ts'),
    project('workflows', '<rootDir>/test/workflows/**/*.test.ts'),
    project('simulated', '<rootDir>/test/simulated/**/*.test.ts'),
    {
      ...project('rehearsals', '<rootDir>/test/rehearsals/**/*.test.ts'),
      testEnvironment: '<rootDir>/test/rehearsals/drawn.mjs',
    },
    project('pairs', '<rootDir>/test/pairs/**/*.test.ts'),
    project('systems', '<rootDir>/test/systems/**/*.test.ts'),
  ],
}
