import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { until, type LocalCluster } from '@deploy-actions/local-cluster'
import {
  deploymentOf,
  digest,
  helm,
  historyOf,
  MAJORS,
  openHelmLab,
  type HelmLab,
  type Major,
} from './helm.fixture'

// What the tests of Kubernetes and Helm rest on, as the real API server and both majors of Helm have it.

let cluster: LocalCluster
let charts: HelmLab['charts']
let close: HelmLab['close']
beforeAll(async () => {
  ;({ cluster, charts, close } = await openHelmLab())
}, 180_000)
afterAll(() => close())

const upgrade = (major: Major, letter: string, ...more: string[]) =>
  helm(
    major,
    cluster,
    'upgrade',
    '--install',
    major,
    charts.chart,
    '--set',
    `image.digest=${digest(letter)}`,
    ...more,
  )
const history = (major: Major) => historyOf(major, cluster, major)

describe.each(MAJORS)('a release of %s', (major) => {
  it('is there once all its pods are ready', async () => {
    expect(await upgrade(major, 'a', '--wait', '--timeout', '60s')).toMatchObject({ code: 0 })
    expect((await deploymentOf(cluster, major)).status).toMatchObject({
      readyReplicas: 3,
      updatedReplicas: 3,
    })
    expect(await history(major)).toMatchObject([
      { revision: 1, status: 'deployed', description: 'Install complete' },
    ])
  }, 120_000)

  it('whose image is not there fails when its time is over, and the reason is in its pods alone', async () => {
    const end = await upgrade(major, 'b', '--set', 'fails=image-pull', '--wait', '--timeout', '6s')
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/UPGRADE FAILED/)
    expect(end.stderr).not.toContain('ImagePullBackOff')
    expect((await history(major)).map(({ status }) => status)).toEqual(['deployed', 'failed'])
    // Whoever pretends the pods may take his time for that.
    await until(async () => {
      const { body } = await cluster.request(
        'GET',
        `/api/v1/namespaces/default/pods?labelSelector=app%3D${major}`,
      )
      const { items } = body as { items: { status: unknown }[] }
      if (!JSON.stringify(items.map(({ status }) => status)).includes('ImagePullBackOff'))
        throw new Error('no pod says that its image is not there')
    }, 600)
  }, 120_000)

  it('rolls back to the revision before the last one, whatever became of that, where none is named', async () => {
    // 1 deployed, 2 failed; 3 fails, too: "rollback" alone would bring back 2.
    await upgrade(major, 'c', '--set', 'fails=image-pull', '--wait', '--timeout', '6s')
    await helm(major, cluster, 'rollback', major)
    expect((await history(major)).at(-1)).toMatchObject({ revision: 4, description: 'Rollback to 2' })
    expect(await helm(major, cluster, 'rollback', major, '1', '--wait', '--timeout', '60s')).toMatchObject({
      code: 0,
    })
    expect((await history(major)).at(-1)).toMatchObject({
      ...{ revision: 5, status: 'deployed', description: 'Rollback to 1' },
    })
    await until(async () => {
      const { status } = await deploymentOf(cluster, major)
      if (status['readyReplicas'] !== 3) throw new Error(JSON.stringify(status))
    })
  }, 120_000)
})

it('is missing for Helm in words that both majors share', async () => {
  for (const major of MAJORS)
    expect(await helm(major, cluster, 'history', 'nobody', '-o', 'json')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('release: not found') },
    })
})
