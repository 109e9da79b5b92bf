import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Only these may know the toolkit: everything else speaks to GitHub through the kit's ports. */
const toolkit = ['packages/action-kit/src/**', 'packages/rehearsal/src/**']

export default defineConfig(
  globalIgnores(['**/dist/', '.release*/', '.cache/', '.rehearsal/', 'coverage/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      // Texts for people are made of numbers all over.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `catch {}` and `() => {}` say that nothing is to be done; a comment says why.
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },
  {
    files: ['actions/**/*.ts', 'packages/**/*.ts'],
    ignores: [...toolkit, '**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['@actions/*'], message: 'use the ports of @deploy-actions/action-kit' }] }] },
  },
  {
    files: ['packages/rehearsal/src/cli/**', 'packages/release-kit/src/{assemble,build,docs}.ts', 'test/bench/**'],
    rules: { 'no-console': 'off' },
  },
)
