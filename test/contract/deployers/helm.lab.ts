import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFakeHelm, type FakeRevision } from '../../fake-helm/fake-helm'
import type { OpenDeployerLab } from './deployer-lab'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const VERSIONS: Record<string, string> = {
  [digest('9')]: '0.9.0',
  [digest('a')]: '1.0.0',
  [digest('b')]: '1.1.0',
}

const lab =
  (major: 3 | 4): OpenDeployerLab =>
  async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'helm-'))
    const installed = (letter: string): FakeRevision[] => [
      { revision: 1, status: 'deployed', description: 'Install complete', digest: digest(letter) },
    ]
    const helm = await openFakeHelm(major, join(workspace, 'bin'), {
      'shop-blue': installed('a'),
      'shop-green': installed('9'),
    })
    await mkdir(join(workspace, 'chart'))
    await writeFile(join(workspace, 'chart/Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
    return {
      settings: {
        type: 'helm',
        ...{ release: 'shop-green', namespace: 'shop', chart: 'chart', helm: helm.program },
      },
      workspace,
      async versions() {
        const serving = ([name, revisions]: [string, FakeRevision[]]) => [
          name.replace('shop-', ''),
          VERSIONS[revisions.findLast(({ status }) => status === 'deployed')?.digest ?? ''],
        ]
        return Object.fromEntries(Object.entries(await helm.releases()).map(serving)) as Record<
          string,
          string
        >
      },
      refuse: () =>
        helm.plan({
          command: 'upgrade',
          text: 'UPGRADE FAILED: admission webhook "policy" denied the request: no such image',
        }),
      spoil: () => rm(join(workspace, 'chart'), { recursive: true }),
      close: () => rm(workspace, { recursive: true }),
    }
  }

export default { 'Helm 3': lab(3), 'Helm 4': lab(4) } satisfies Record<string, OpenDeployerLab>
