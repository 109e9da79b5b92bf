import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenDeployerLab } from './deployer-lab'

export default {
  /** A file per arm is the platform. */
  async 'files of a repository'() {
    const workspace = await mkdtemp(join(tmpdir(), 'deployer-'))
    const script = (name: string, text: string) =>
      writeFile(join(workspace, 'ops', name), `#!/bin/sh\nset -e\n${text}\n`, { mode: 0o755 })
    const deploy = 'echo "$DEPLOY_VERSION" > "$DEPLOY_ARM"'
    await mkdir(join(workspace, 'ops'))
    await script('deploy.sh', deploy)
    await script('snapshot.sh', 'cat "$DEPLOY_ARM"')
    await script('restore.sh', 'echo "$DEPLOY_STATE" > "$DEPLOY_ARM"')
    await writeFile(join(workspace, 'blue'), '1.0.0\n')
    await writeFile(join(workspace, 'green'), '0.9.0\n')
    const version = async (arm: string) => (await readFile(join(workspace, arm), 'utf8')).trim()
    return {
      settings: {
        type: 'script',
        run: 'ops/deploy.sh',
        snapshot: 'ops/snapshot.sh',
        restore: 'ops/restore.sh',
      },
      workspace,
      versions: async () => ({ blue: await version('blue'), green: await version('green') }),
      refuse: () => script('deploy.sh', 'echo "no such image" >&2\nexit 3'),
      spoil: () => rm(join(workspace, 'ops/restore.sh')),
      close: () => rm(workspace, { recursive: true }),
    }
  },
} satisfies Record<string, OpenDeployerLab>
