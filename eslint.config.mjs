import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Only these may know GitHub's own packages: everything else speaks to GitHub through the kit's ports. */
const toolkit = ['packages/action-kit/src/**', 'packages/workflow-engine/src/**']

const castToNever = {
  selector: 'TSAsExpression > TSNeverKeyword',
  message: 'as never hides what does not fit',
}
const castAtTheSeam = {
  selector: "TSAsExpression:not([typeAnnotation.typeName.name='const']), TSTypeAssertion",
  message:
    'settings are known by their schema, instances by their factory: no cast at the seam of a provider',
}

export default defineConfig(
  globalIgnores(['**/dist/', '.release*/', '.cache/', '.rehearsal/', 'coverage/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
      // Texts for people are made of numbers all over.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allow: ['URLSearchParams'] },
      ],
      // `catch {}` and `() => {}` say that nothing is to be done; a comment says why.
      '@typescript-eslint/no-empty-function': 'off',
      // `return write(...)` ends a function whose result is nothing, which is meant.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // A signal or a state that changes during an await looks unchanged to the compiler.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // The error of a Node API is known to be one.
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'off',
      // Ports are objects of closures, made to be handed on one by one.
      '@typescript-eslint/unbound-method': 'off',
      // What was thrown or given may be anything, and is shown as it is.
      '@typescript-eslint/no-base-to-string': 'off',
      // A port is asynchronous even where an implementation needs not be.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['actions/**/*.ts', 'packages/**/*.ts'],
    ignores: [...toolkit, '**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@actions/*'], message: 'use the ports of @deploy-actions/action-kit' }] },
      ],
    },
  },
  {
    // What a type says of a provider is what the code knows of it: nothing is talked into being one.
    files: ['actions/**/*.ts', 'packages/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.fixture.ts'],
    rules: { 'no-restricted-syntax': ['error', castToNever] },
  },
  {
    files: [
      'packages/{traffic,metrics,checks,notifiers,deploys}/src/**',
      'packages/action-kit/src/providers.ts',
    ],
    ignores: ['**/*.test.ts', '**/*.fixture.ts'],
    rules: { 'no-restricted-syntax': ['error', castToNever, castAtTheSeam] },
  },
  {
    files: ['**/*.test.ts', '**/*.fixture.ts', 'test/**/*.ts'],
    rules: {
      // A test reads what it has just put there; when it is not, the test fails.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: [
      'packages/cli/src/**',
      'packages/release-kit/src/{assemble,build,docs}.ts',
      'test/bench/**',
      'test/kills/{run,report}.ts',
      'test/mutants/**',
    ],
    rules: { 'no-console': 'off' },
  },
)
