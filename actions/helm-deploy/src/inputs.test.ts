import { describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { saveJobTransaction } from '@deploy-actions/transaction'
import { openLedger } from '@deploy-actions/ledger'
import { jobTransaction, transactionRecord } from '../../../packages/transaction/src/transaction.fixture'
import { fakeRevisions } from '../../../test/fake-helm/fake-helm'
import { digest, openStep } from './helm-deploy.fixture'
import { inputs as schema } from './inputs'

describe('inputs', () => {
  it('says every problem at once, and shows no values', async () => {
    const step = await openStep({ secrets: { LINE: 'swordfish' } })
    const failed = (await step.run({
      ...{ namespace: '', chart: 'charts/none', 'values-files': 'a.yaml b.yaml', values: 'swordfish' },
      ...{ 'values-secret': 'LINE', 'tag-path': 'image.tag', 'chart-version': '1.0.0', revision: '3' },
    })) as InputError
    expect(failed).toBeInstanceOf(InputError)
    expect(failed.message.split('\n')).toEqual([
      'input `revision`: is for mode: rollback',
      'input `namespace`: is missing; the namespace that the release is installed in',
      'input `chart-version`: is for a chart of a chart-repository; one of the repository or by digest is what it is',
      'input `values`: is no YAML of keys and values',
      'input `values-secret`: the secret LINE is no YAML of keys and values',
      'input `tag-path`: gets VERSION@DIGEST, and there is no version',
      'input `chart`: charts/none is not in the repository',
      'input `values-files`: a.yaml is not in the repository',
      'input `values-files`: b.yaml is not in the repository',
    ])
  })

  it.each<[Record<string, string>, RegExp]>([
    [{ release: '' }, /inputs `release` and `releases`: give exactly one/],
    [{ releases: '[]' }, /give exactly one/],
    [{ release: '', releases: '[{ release: api }]' }, /input `chart`: belongs into the entries of releases/],
    [{ release: '', chart: '', digest: '', releases: '{' }, /input `releases`: /],
    [
      { release: '', chart: '', digest: '', releases: '[{ release: Api, chart: c }]' },
      /input `releases` at 0.release: is not a name/,
    ],
    [
      {
        release: '',
        chart: '',
        digest: '',
        releases: '[{ release: a, chart: charts/api }, { release: a, chart: charts/api }]',
      },
      /has shop\/a twice/,
    ],
    [{ release: '', chart: '', digest: '', releases: '[{ release: a, chrt: x }]' }, /chrt/],
    [{ chart: '' }, /input `chart`: is missing/],
    [{ digest: '', image: 'a' }, /input `image`: is for a digest, and there is none/],
    [{ 'values-secret': 'NONE' }, /there is no secret NONE; hand it over as a line NONE=/],
    [
      { 'chart-repository': 'https://charts.example.com' },
      /input `chart`: with chart-repository it is the name[^]*`chart-version`: is missing/,
    ],
    [{ mode: 'status', transaction: '1-1-a-b-1' }, /input `transaction`: is for mode: deploy/],
  ])('refuses %j', async (inputs, message) => {
    const step = await openStep()
    const failed = await step.run(inputs)
    expect(failed).toBeInstanceOf(InputError)
    expect((failed as Error).message).toMatch(message)
    expect(await step.helm.releases()).toEqual({})
  })

  it.each([
    { chart: 'oci://ghcr.io/acme/api' },
    { chart: 'oci://ghcr.io/acme/api:1.4.0' },
    { chart: '/etc' },
    { chart: '--post-renderer=x' },
    { 'chart-version': '^1.0.0' },
    { 'chart-repository': 'http://charts.example.com' },
    { labels: 'owner=me' },
    { labels: 'gha-run-id=1' },
    { labels: 'a=b=c' },
    { description: 'Rollback to 3' },
    { 'kube-context': '--kubeconfig=x' },
    { helm: '--debug' },
    { 'post-renderer': '../x' },
    { 'history-max': '1' },
    { timeout: '0s' },
  ])('does not take %j', (more) => {
    const given = { mode: 'deploy', release: 'api', namespace: 'shop', chart: 'charts/api' }
    expect(schema.safeParse(given).success).toBe(true)
    expect(schema.safeParse({ ...given, ...more }).success).toBe(false)
  })

  it('takes a chart by digest, or of a repository by its version', () => {
    const given = { mode: 'deploy', release: 'api', namespace: 'shop' }
    expect(schema.safeParse({ ...given, chart: `oci://ghcr.io/acme/api@${digest('a')}` }).success).toBe(true)
  })
})

describe('what a Helm does not have is not left out', () => {
  it.each<[3 | 4, Record<string, string>, string]>([
    [3, { 'server-side': 'true', 'force-conflicts': 'true' }, 'input `server-side`: is for Helm 4'],
    [4, { 'server-side': 'false', 'force-conflicts': 'true' }, 'needs the server to merge'],
    [4, { 'post-renderer': 'ops/render.sh' }, 'Helm 4 takes the name of a plugin'],
  ])('Helm %i with %j', async (major, inputs, message) => {
    const step = await openStep({ major })
    expect(((await step.run(inputs)) as Error).message).toContain(message)
  })

  it('B6 19: nor is another major guessed at', async () => {
    const step = await openStep()
    await step.helm.isVersion('v5.1.0')
    expect(((await step.run()) as Error).message).toContain(
      'is Helm 5.1, and 3.13 and later or 4 are spoken here',
    )
  })
})

describe('within a transaction', () => {
  async function within(restore: object[], inputs: Record<string, string> = {}) {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan({ command: 'upgrade', text: 'UPGRADE FAILED: x' })
    const ledger = `file:${step.ports.context.temp}/ledger`
    const record = transactionRecord({ restore: restore as never })
    const transaction = jobTransaction(1, { ledger, record })
    await saveJobTransaction(step.ports.context.temp, transaction)
    await openLedger(ledger, record.service, step.ports).open(record, {})
    return { step, failed: (await step.run({ transaction: record.id, ...inputs })) as Error }
  }
  const point = { kind: 'helm', name: 'api', arm: 'green', namespace: 'shop', revision: 1 }

  it('that puts the release back, a failure is left to it', async () => {
    const { step, failed } = await within([point])
    expect(failed.message).toMatch(/the restore of transaction .* puts it back, after the traffic$/)
    expect((await step.helm.releases())['api']?.at(-1)).toMatchObject({ status: 'failed' })
    const refused = await within([point], { 'on-failure': 'rollback' })
    expect(refused.failed.message).toContain('input `on-failure`: ')
  })

  it('that knows nothing of the release, it is put back here', async () => {
    const { failed } = await within([{ ...point, name: 'web' }])
    expect(failed.message).toContain('api is back at revision 1')
  })
})
