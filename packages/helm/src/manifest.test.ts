import { describe, expect, it } from '@jest/globals'
import { hooksIn, manifestIn, proofOf, readManifest, secretValuesIn, whoRuns } from './manifest'

const digest = `sha256:${'b'.repeat(64)}`
const other = `sha256:${'c'.repeat(64)}`

const deployment = (pod: object) =>
  JSON.stringify({ kind: 'Deployment', metadata: { name: 'api' }, spec: { template: { spec: pod } } })
const proofIn = async (manifest: string, image?: string) =>
  proofOf((await readManifest(manifest)).images, digest, image)

describe('that a digest is rendered', () => {
  it('B6 23: is not so where the chart ignores it', async () => {
    expect(await proofIn(deployment({ containers: [{ name: 'app', image: 'api:1.4.0' }] }))).toEqual({
      ...{ with: [], without: [] },
    })
  })

  it('B6 25: is so where one container of several is ours, and it is named', async () => {
    const containers = [
      { name: 'proxy', image: 'envoy:1' },
      { name: 'app', image: `ghcr.io/acme/api:1.4.0@${digest}` },
    ]
    const proof = await proofIn(deployment({ containers }), 'ghcr.io/acme/api')
    expect(proof.with.map(whoRuns)).toEqual(['Deployment/api (app)'])
    expect(proof.without).toEqual([])
  })

  it('B6 25: is only half so where a second container has the image without it', async () => {
    const containers = [
      { name: 'app', image: `localhost:5000/api@${digest}` },
      { name: 'worker', image: 'localhost:5000/api:1.3.0' },
      { name: 'old', image: `localhost:5000/api@${other}` },
      { name: 'else', image: 'localhost:5000/api-proxy:1' },
    ]
    const proof = await proofIn(deployment({ containers }), 'localhost:5000/api')
    expect(proof.without.map(({ container }) => container)).toEqual(['worker', 'old'])
  })

  it.each(['initContainers', 'ephemeralContainers'])('B6 26: may be so in %s', async (kind) => {
    const pod = {
      [kind]: [{ name: 'migrate', image: `api@${digest}` }],
      containers: [{ name: 'a', image: 'b:1' }],
    }
    expect((await proofIn(deployment(pod))).with.map(whoRuns)).toEqual(['Deployment/api (migrate)'])
  })

  it('B6 27: is so where a mirror stands in place of the registry', async () => {
    const pod = { containers: [{ name: 'app', image: `mirror.example.com/ghcr.io/acme/api@${digest}` }] }
    expect((await proofIn(deployment(pod), 'ghcr.io/acme/api')).with).toHaveLength(1)
  })

  it.each([
    [
      'a CronJob',
      {
        kind: 'CronJob',
        spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: `a@${digest}` }] } } } } },
      },
    ],
    ['a Pod', { kind: 'Pod', spec: { containers: [{ image: `a@${digest}` }] } }],
    ['a List', { kind: 'List', items: [{ kind: 'Pod', spec: { containers: [{ image: `a@${digest}` }] } }] }],
    ['an object of an operator', { kind: 'Postgres', spec: { imageName: 'x', image: { digest } } }],
    ['another one', { kind: 'Kafka', spec: { brokerImage: `kafka@${digest}` } }],
  ])('is so in %s', async (_, object) => {
    expect((await proofIn(JSON.stringify(object))).with).toHaveLength(1)
  })

  it.each([
    ['a Secret', { kind: 'Secret', stringData: { image: `a@${digest}` } }],
    ['a ConfigMap', { kind: 'ConfigMap', data: { digest } }],
    [
      'a variable',
      { kind: 'Pod', spec: { containers: [{ image: 'a:1', env: [{ name: 'digest', value: digest }] }] } },
    ],
    ['an annotation', { kind: 'Pod', metadata: { annotations: { image: digest } }, spec: {} }],
  ])('is not so in %s', async (_, object) => {
    expect((await proofIn(JSON.stringify(object))).with).toEqual([])
  })
})

it('names what is for the whole cluster', async () => {
  const text =
    '---\nkind: CustomResourceDefinition\nmetadata: { name: widgets.example.com }\n---\nkind: Pod\n'
  expect((await readManifest(text)).definitions).toEqual(['widgets.example.com'])
})

it('takes the manifest alone of what is printed, and reads what it can of one that was cut', async () => {
  const printed = `NAME: api\nHOOKS:\n---\nimage: a\nMANIFEST:\n---\nimage: b\n---\nimage: c\nNOTES:\nimage: d\n`
  expect((await readManifest(manifestIn(printed))).images.map(({ image }) => image)).toEqual(['b', 'c'])
  const cut = 'age: "b\n  x: [\n---\nimage: c\nimage: c\n'
  expect((await readManifest(manifestIn(cut))).images.map(({ image }) => image)).toEqual(['c'])
})

describe('what Secrets hold', () => {
  const valuesIn = async (printed: string) => secretValuesIn(await readManifest(printed), ['api', 'shop'])
  const secret = (more: object) => JSON.stringify({ kind: 'Secret', metadata: { name: 'db' }, ...more })

  it('B6 50: is known in the clear, whole and by lines, of hooks too', async () => {
    const data = { key: Buffer.from('one\n  two\n').toString('base64') }
    const printed = `HOOKS:\n---\n${secret({ data })}\nMANIFEST:\n---\n${secret({ stringData: { a: 'three' } })}\n`
    expect(await valuesIn(hooksIn(printed))).toEqual(['one\n  two\n', 'one', 'two'])
    expect(await valuesIn(manifestIn(printed))).toEqual(['three'])
    expect(hooksIn('kind: Secret\n')).toBe('')
  })

  it('B6 50: is known of a list of objects, too', async () => {
    const items = [JSON.parse(secret({ stringData: { a: 'five-and-six' } }))]
    expect(await valuesIn(JSON.stringify({ kind: 'List', apiVersion: 'v1', items }))).toEqual([
      'five-and-six',
    ])
  })

  it('blanks no plain word, and no key of a file', async () => {
    const stringData = { APP_ENV: 'production', level: 'Timeout', 'app.yml': 'global:\n  token: abcdef\n' }
    expect(await valuesIn(secret({ stringData }))).toEqual(['global:\n  token: abcdef\n', 'token: abcdef'])
  })

  it('hides no name, no image and nothing of another kind', async () => {
    const stringData = { user: 'shop', host: 'db', kind: 'Secret', image: 'postgres', none: '' }
    const pod = { kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ image: 'postgres:16' }] } }
    const map = { kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'four' } }
    expect(
      await valuesIn(
        [secret({ stringData }), ...[pod, map].map((one) => JSON.stringify(one))].join('\n---\n'),
      ),
    ).toEqual([])
  })
})
