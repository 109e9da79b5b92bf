/** The layers of the suite: actions -> packages -> nothing of actions; what is pure stays pure. */
const io =
  '^(node:)?(fs|fs/promises|net|http|https|http2|dgram|dns|tls|child_process|worker_threads|timers|timers/promises|cluster|process)$'

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a cycle of types alone is gone when the code runs',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'packages-know-no-action',
      comment: 'release-kit builds the actions and writes their documents',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/release-kit/' },
      to: { path: '^actions/' },
    },
    {
      name: 'actions-know-no-other-action',
      severity: 'error',
      from: { path: '^actions/([^/]+)/' },
      to: { path: '^actions/', pathNot: '^actions/$1/' },
    },
    {
      name: 'pure-has-no-io',
      severity: 'error',
      from: { path: '^packages/(rollout|analysis)/src/', pathNot: '\\.test\\.ts$' },
      to: { path: [io, '^node_modules/@actions/', '^packages/action-kit/'] },
    },
    {
      name: 'shipped-code-needs-no-test-code',
      severity: 'error',
      from: { path: '^(actions|packages)/', pathNot: ['\\.(test|fixture)\\.ts$', '^packages/testing/'] },
      to: { path: ['^packages/testing/', '\\.(test|fixture)\\.ts$'] },
    },
    {
      name: 'not-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@actions/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['/dist/', '^packages/rehearsal/example/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
}
