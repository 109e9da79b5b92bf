/** The layers of the suite: actions -> packages -> nothing of actions; what is pure stays pure. */
const io =
  '^(node:)?(fs|fs/promises|net|http|https|http2|dgram|dns|tls|child_process|worker_threads|timers|timers/promises|cluster|process)$'

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'neither of code nor of types: what knows each other is one module, or has a third to tell it from',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'workflow-engine-stands-alone',
      comment:
        "it runs workflows, whatever they do: it knows neither GitHub's API, nor regions, nor our configuration",
      severity: 'error',
      from: { path: '^packages/workflow-engine/' },
      to: { path: '^(packages|actions)/', pathNot: '^packages/workflow-engine/' },
    },
    {
      name: 'embedded-regions-stand-alone',
      comment: 'they are met through HTTP and the runtime API, as real ones would be',
      severity: 'error',
      from: { path: '^packages/embedded-regions/' },
      to: { path: '^(packages|actions)/', pathNot: '^packages/embedded-regions/' },
    },
    {
      name: 'local-cluster-stands-alone',
      comment: 'it starts servers, for whatever is tried on them',
      severity: 'error',
      from: { path: '^packages/local-cluster/' },
      to: { path: '^(packages|actions)/', pathNot: '^packages/local-cluster/' },
    },
    {
      name: 'github-emulator-knows-runs-only',
      comment: 'it serves what the engine tells of a run; its tests talk to it with the client of the kit',
      severity: 'error',
      from: { path: '^packages/github-emulator/', pathNot: '\\.(test|fixture)\\.ts$' },
      to: { path: '^(packages|actions)/', pathNot: '^packages/(github-emulator|workflow-engine)/' },
    },
    {
      name: 'rehearsal-is-for-the-cli',
      comment: 'what runs in production does not know that it can be rehearsed',
      severity: 'error',
      from: { path: '^(packages|actions)/', pathNot: '^packages/(rehearsal|cli)/' },
      to: { path: '^packages/(rehearsal|cli)/' },
    },
    {
      name: 'parts-of-the-rehearsal-are-for-it',
      comment: 'tests may stand on the embedded regions, so that there is one fake of HAProxy',
      severity: 'error',
      from: {
        path: '^(packages|actions)/',
        pathNot: [
          '^packages/(workflow-engine|github-emulator|embedded-regions|local-cluster|rehearsal|cli|testing)/',
          '\\.(test|fixture)\\.ts$',
        ],
      },
      to: { path: '^packages/(workflow-engine|github-emulator|embedded-regions|local-cluster)/' },
    },
    {
      name: 'cli-goes-through-the-rehearsal',
      severity: 'error',
      from: { path: '^packages/cli/' },
      to: { path: '^packages/(workflow-engine|github-emulator|embedded-regions|local-cluster)/' },
    },
    {
      name: 'kit-knows-no-provider',
      comment: 'the kit runs actions and opens providers, whatever they are',
      severity: 'error',
      from: { path: '^packages/action-kit/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/(action-kit|rollout|evidence)/' },
    },
    {
      name: 'providers-know-the-kit-only',
      comment:
        'a provider is told what it needs; it knows no config, ledger or transaction, and no provider of another kind',
      severity: 'error',
      from: {
        path: '^packages/(traffic|metrics|checks|notifiers|deploys)/',
        pathNot: ['\\.test\\.ts$', '^packages/checks/src/weights-held\\.ts$'],
      },
      to: {
        path: '^packages/',
        pathNot: ['^packages/$1/', '^packages/(action-kit|rollout|analysis|helm|kubernetes)/'],
      },
    },
    {
      name: 'kubernetes-knows-no-provider',
      comment: 'it asks clusters, whoever wants to know',
      severity: 'error',
      from: { path: '^packages/kubernetes/', pathNot: '\\.(test|fixture)\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/(kubernetes|action-kit|rollout)/' },
    },
    {
      name: 'helm-knows-no-provider',
      comment: 'it drives a program and looks at what that has made, for a provider and for an action',
      severity: 'error',
      from: { path: '^packages/helm/', pathNot: '\\.(test|fixture)\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/(helm|kubernetes|action-kit|rollout)/' },
    },
    {
      name: 'one-check-asks-a-router',
      comment: 'whether weights have held is known to the router alone',
      severity: 'error',
      from: { path: '^packages/checks/src/weights-held\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/(checks|action-kit|rollout|traffic)/' },
    },
    {
      name: 'config-knows-no-ledger',
      comment: 'what a file says does not depend on what was done with it',
      severity: 'error',
      from: { path: '^packages/config/' },
      to: { path: '^packages/(ledger|transaction|evidence)/' },
    },
    {
      name: 'ledger-knows-records-only',
      comment: 'records, states and queries: what a restore point holds is known to whoever restores it',
      severity: 'error',
      from: { path: '^packages/ledger/', pathNot: '\\.(test|fixture)\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/(ledger|evidence|action-kit|rollout)/' },
    },
    {
      name: 'transaction-knows-no-config',
      comment: 'it restores from records and artifacts; what comes from a config is handed to it',
      severity: 'error',
      from: { path: '^packages/transaction/', pathNot: '\\.(test|fixture)\\.ts$' },
      to: {
        path: '^packages/',
        pathNot: '^packages/(transaction|ledger|traffic|deploys|evidence|action-kit|rollout)/',
      },
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
