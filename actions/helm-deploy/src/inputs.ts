import { z } from 'zod'
import { commonInputs, flag, secret, writerInputs } from '@deploy-actions/action-kit'
import { programName, releaseName, repositoryPath, valuePath } from '@deploy-actions/helm'
import { DIGEST, duration, timeLimit } from '@deploy-actions/rollout'
import { chartReference } from './chart'

const paths = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .pipe(z.array(repositoryPath()))

/** Keys and values as Kubernetes takes them for labels; Helm refuses its own. */
const labels = z
  .string()
  .default('')
  .transform((text, context) => {
    const pairs = text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((pair) => pair.split('='))
    const wrong = pairs.filter(
      ([key = '', value = '', ...more]) =>
        more.length > 0 ||
        !LABEL.test(key) ||
        !LABEL.test(value) ||
        HELMS.includes(key) ||
        key.startsWith('gha-'),
    )
    if (wrong.length === 0) return Object.fromEntries(pairs) as Record<string, string>
    context.addIssue({
      code: 'custom',
      message: `${wrong.map((pair) => pair.join('=')).join(', ')}: a label is KEY=VALUE of at most 63 of A-Z, a-z, 0-9, -, _ and .; ${HELMS.join(', ')} and gha-* are taken`,
    })
    return z.NEVER
  })
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const HELMS = ['name', 'owner', 'status', 'version', 'createdAt', 'modifiedAt']

/** An exact one: a range would be another chart tomorrow. */
const version = z
  .string()
  .regex(/^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/, 'is not an exact version such as 1.4.0')

const secretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a secret')

/** What is said of each release, in the inputs or in an entry of `releases`. */
export const releaseKeys = {
  release: releaseName(),
  namespace: releaseName(),
  chart: chartReference,
  'chart-repository': z
    .string()
    .regex(/^https:\/\/\S+$/, 'is not an address; a repository of charts begins with https://'),
  'chart-version': version,
  'chart-keyring': repositoryPath(),
  'values-secret': secretName,
  image: z.string().regex(/^[^\s@]+$/, 'is not an image without tag and digest'),
  digest: z
    .string()
    .regex(
      DIGEST,
      'is not an immutable digest; a digest is sha256: and 64 hexadecimal digits (a tag can move)',
    ),
  'digest-path': valuePath(),
  'tag-path': valuePath(),
  version: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'is not a version that can be a tag'),
}

export const inputs = z.strictObject({
  mode: z
    .enum(['deploy', 'rollback', 'status', 'recover'])
    .describe(
      'deploy; rollback: to `revision` or the last good one before what runs; status: writes nothing; recover: puts back a release that is pending since its Helm was killed',
    )
    .meta({ example: 'deploy' }),
  release: releaseKeys.release.optional().describe('name of the release').meta({ example: 'api' }),
  namespace: releaseKeys.namespace.optional().describe('namespace of the release').meta({ example: 'shop' }),
  releases: z
    .string()
    .optional()
    .describe(
      'instead of release and all that is said of one: YAML list of releases that are brought in this order and put back as one, in reverse; each has release, chart and what else is said of it under the names of these inputs; namespace is that of the step unless it has its own',
    )
    .meta({
      ...secret,
      example: '[{ release: api, chart: charts/api }, { release: web, chart: charts/web }]',
    }),
  chart: releaseKeys.chart
    .optional()
    .describe(
      'with deploy: folder or package in the repository, oci://REGISTRY/NAME@sha256:..., or with chart-repository its name there',
    )
    .meta({ example: 'charts/api' }),
  'chart-repository': releaseKeys['chart-repository']
    .optional()
    .describe('repository of charts that has the chart; with chart-version')
    .meta({ example: 'https://charts.example.com' }),
  'chart-version': releaseKeys['chart-version']
    .optional()
    .describe('exact version of the chart in chart-repository')
    .meta({ example: '1.4.0' }),
  'chart-keyring': releaseKeys['chart-keyring']
    .optional()
    .describe('file of the repository with public keys: the signature of the chart is proven by them'),
  'values-files': paths
    .describe('values files of the repository, separated by commas or blanks; the last one wins')
    .meta({ example: 'values/eu.yaml' }),
  values: z
    .string()
    .optional()
    .describe('YAML of values that win over values-files; no secrets')
    .meta({ ...secret, example: 'replicas: 3' }),
  'values-secret': releaseKeys['values-secret']
    .optional()
    .describe('name of one of secrets that is YAML of values in one line, such as JSON; it wins over values')
    .meta({ example: 'API_VALUES' }),
  image: releaseKeys.image
    .optional()
    .describe('image without tag and digest: wherever the chart names it, it has to have the digest')
    .meta({ example: 'ghcr.io/acme/api' }),
  digest: commonInputs.digest
    .optional()
    .describe('immutable digest of the image; the chart has to render it into a container'),
  'digest-path': releaseKeys['digest-path']
    .optional()
    .describe('value of the chart that gets the digest; default image.digest, or none with tag-path'),
  'tag-path': releaseKeys['tag-path']
    .optional()
    .describe('value of the chart that gets VERSION@DIGEST, for charts that know tags only; with version')
    .meta({ example: 'image.tag' }),
  version: releaseKeys.version
    .optional()
    .describe('version of the release, for people and tag-path')
    .meta({ example: '1.4.0' }),
  revision: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('with rollback: to which; default the last good one before what runs'),
  'create-namespace': flag(false).describe('makes the namespace where there is none'),
  'kube-context': z
    .string()
    .regex(/^(?!-)\S+$/, 'is not a context')
    .optional()
    .describe('context of the kubeconfig; default its current one'),
  'kubeconfig-secret': z
    .string()
    .min(1)
    .optional()
    .describe(
      "name of the secret with a kubeconfig in one line, as JSON or in base64; default what the job's environment names: KUBECONFIG or ~/.kube/config",
    )
    .meta({ example: 'KUBECONFIG' }),
  timeout: timeLimit
    .prefault('10m')
    .describe('how long the workloads may take to be ready, forward, and once more when they are put back'),
  wait: z
    .enum(['watcher', 'legacy', 'off'])
    .default('watcher')
    .describe(
      'watcher: until all is ready as Helm 4 sees it; legacy: as Helm 3 does; off: for hooks alone. Helm 3 has one way for both',
    ),
  'wait-for-jobs': flag(false).describe('waits for Jobs of the chart, too'),
  hooks: flag(true).describe('false: hooks of the chart are not run, neither forward nor back'),
  diff: z
    .enum(['auto', 'require', 'off'])
    .default('auto')
    .describe(
      'what would change in live objects, told before it is written: auto: where it can be told; require: or nothing is written; off',
    ),
  stabilise: duration
    .prefault('0s')
    .describe('how long, once all is ready, no container may be started anew'),
  'log-lines': z.coerce
    .number()
    .int()
    .min(0)
    .max(500)
    .default(50)
    .describe('lines of the log of a container that failed that are shown'),
  events: z.coerce
    .number()
    .int()
    .min(0)
    .max(100)
    .default(20)
    .describe('warnings of the cluster about a failed release that are shown'),
  'on-failure': z
    .enum(['rollback', 'keep'])
    .optional()
    .describe(
      'rollback: to the revision that ran before; keep: leaves all as it failed. Default rollback; within a transaction that puts this release back always keep',
    ),
  'first-install-failure': z
    .enum(['keep', 'uninstall'])
    .default('keep')
    .describe(
      'of a release that was not there: keep: leaves it to be looked at; uninstall: takes it away again',
    ),
  stuck: z
    .enum(['fail', 'recover', 'recover-own'])
    .default('fail')
    .describe(
      'what becomes of a release that is pending: fail; recover-own: put back where the run that did it is over; recover: also where nobody knows whose it is. Whoever is still at work is left alone',
    ),
  'stuck-after': timeLimit.optional().describe('how old it has to be for that; default timeout and 5m'),
  'history-max': z.coerce.number().int().min(2).default(20).describe('revisions that Helm keeps'),
  'server-side': z
    .enum(['auto', 'true', 'false'])
    .default('auto')
    .describe('Helm 4: who merges: auto: as the release was written before; true: the server; false: Helm'),
  'force-conflicts': flag(false).describe('Helm 4: takes fields from whoever else manages them'),
  'take-ownership': flag(false).describe('takes objects over that belong to no release or another one'),
  labels: labels
    .describe('labels of the release, KEY=VALUE, separated by commas')
    .meta({ example: 'team=shop' }),
  description: z
    .string()
    .max(200)
    .regex(
      /^(?!-)(?!Rollback to )[^\n]*$/,
      'is not a description: one line that does not begin with - or Rollback to',
    )
    .optional()
    .describe('description of the revision; default version or commit, and the address of the run'),
  crds: z
    .enum(['refuse', 'apply'])
    .default('refuse')
    .describe(
      'custom resource definitions of the chart: refuse: none is written; apply: as Helm does, on the first install those that are missing',
    ),
  'post-renderer': z
    .string()
    .regex(/^(?!-)(?!\/)(?!.*(^|\/)\.\.(\/|$))\S+$/, 'is not a script of the repository or a name')
    .optional()
    .describe(
      'Helm 3: a script of the repository that changes what is rendered; Helm 4: the name of such a plugin',
    ),
  helm: programName().default('helm').describe('the program: on the PATH of the runner, or a path'),
  transaction: commonInputs.transaction.optional(),
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
