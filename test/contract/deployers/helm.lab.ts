import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { OpenDeployerLab } from './deployer-lab'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const VERSIONS: Record<string, string> = {
  [digest('9')]: '0.9.0',
  [digest('a')]: '1.0.0',
  [digest('b')]: '1.1.0',
}

/** What a fake Helm has of a release: its revisions, oldest first. */
export interface FakeRelease {
  revision: number
  status: string
  description: string
  digest: string
}

const lab =
  (major: 3 | 4): OpenDeployerLab =>
  async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'helm-'))
    const state = join(workspace, 'releases.json')
    const releases = async (): Promise<Record<string, FakeRelease[]>> =>
      JSON.parse(await readFile(state, 'utf8')) as Record<string, FakeRelease[]>
    const installed = (letter: string): FakeRelease[] => [
      { revision: 1, status: 'deployed', description: 'Install complete', digest: digest(letter) },
    ]
    await writeFile(state, JSON.stringify({ 'shop-blue': installed('a'), 'shop-green': installed('9') }))
    await mkdir(join(workspace, 'chart'))
    await writeFile(join(workspace, 'chart/Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
    await writeFile(
      join(workspace, 'helm'),
      `#!/bin/sh\nexec ${process.execPath} ${resolve(import.meta.dirname, 'fake-helm.mjs')} ${major} ${state} "$@"\n`,
      { mode: 0o755 },
    )
    return {
      settings: {
        type: 'helm',
        ...{ release: 'shop-green', namespace: 'shop', chart: 'chart', helm: join(workspace, 'helm') },
      },
      workspace,
      async versions() {
        const serving = ([name, revisions]: [string, FakeRelease[]]) => [
          name.replace('shop-', ''),
          VERSIONS[revisions.findLast(({ status }) => status === 'deployed')?.digest ?? ''],
        ]
        return Object.fromEntries(Object.entries(await releases()).map(serving)) as Record<string, string>
      },
      refuse: () => writeFile(join(workspace, 'releases.json.refuses'), ''),
      spoil: () => rm(join(workspace, 'chart'), { recursive: true }),
      close: () => rm(workspace, { recursive: true }),
    }
  }

export default { 'Helm 3': lab(3), 'Helm 4': lab(4) } satisfies Record<string, OpenDeployerLab>
