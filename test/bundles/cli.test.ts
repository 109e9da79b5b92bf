import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'

const cli = (...more: string[]) =>
  spawnSync(process.execPath, [...more, '.release/cli/index.js', 'restore', '--help'], { encoding: 'utf8' })

it('says at once that it needs a newer Node, before anything is tried', () => {
  const older = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  expect(cli()).toMatchObject({ status: 0, stderr: '' })
  expect(cli('--import', older)).toMatchObject({
    ...{ status: 1, stdout: '' },
    stderr: 'deploy-actions needs Node.js 24 or later, and this is 20.20.2: run it with a newer one\n',
  })
})
