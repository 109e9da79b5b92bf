import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenCheckLab } from './check-lab'

export default {
  async 'a repository'() {
    const workspace = await mkdtemp(join(tmpdir(), 'check-'))
    const file = join(workspace, 'ops/smoke.sh')
    const write = (code: number) => writeFile(file, `#!/bin/sh\necho looked\nexit ${code}\n`, { mode: 0o755 })
    await mkdir(join(workspace, 'ops'))
    await write(0)
    return {
      settings: { type: 'script', run: 'ops/smoke.sh', timeout: '1m' },
      workspace,
      red: () => write(1),
      break: () => rm(file),
      close: () => rm(workspace, { recursive: true }),
    }
  },
} satisfies Record<string, OpenCheckLab>
