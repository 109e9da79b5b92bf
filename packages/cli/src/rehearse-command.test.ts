import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { rehearseCommand } from './rehearse-command'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  await writeFile(join(folder, 'file'), '')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it.each([
  ['', /is a folder; name a file for the result$/],
  ['file/result.json', /the result cannot be written there .*; name another place$/],
])('a result that cannot be written to %j is told before the rehearsal', async (path, message) => {
  const output = join(folder, 'output')
  const ended = rehearseCommand().parseAsync(['--result', join(folder, path), '--output', output], {
    from: 'user',
  })
  const error = await ended.catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(InputError)
  expect((error as Error).message).toMatch(message)
  expect(await readdir(folder)).toEqual(['file'])
})

const refused = async (...args: string[]): Promise<string[]> => {
  const error = await rehearseCommand()
    .parseAsync([...args, '--output', join(folder, 'output')], { from: 'user' })
    .catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(InputError)
  expect(await readdir(folder)).toEqual(['file'])
  return (error as Error).message.split('\n')
}

it('an emergency that is not whole is told with all that is wrong with it', async () => {
  expect(await refused('--emergency', 'previous', '--release', '1.2.0', '--regions', 'us,eu')).toEqual([
    '--world: is missing; --emergency takes back what was rolled out in a kept world',
    '--reason: is missing; whoever takes a release back says why',
    '--regions: names several; an emergency is of one region, or of all',
    '--release: is of a rollout, and --emergency takes back what the world has',
  ])
  expect(await refused('--staged', '--reason', 'lost')).toEqual([
    '--reason: belongs to --emergency',
    '--staged: belongs to --emergency',
  ])
})

it('an emergency in a world that nobody has kept is none', async () => {
  const world = join(folder, 'no-world')
  expect(await refused('--emergency', 'previous', '--reason', 'lost', '--world', world)).toEqual([
    `${world}: holds no world yet, and nothing that could be taken back: roll a release out in it first`,
  ])
})

it('an example on a cluster says what it needs, and where to get it, when that is not there', async () => {
  const systems = join(folder, 'nothing')
  const [message = '', ...more] = await refused('--example', 'helm', '--systems', systems)
  expect(more).toEqual([])
  expect(message).toContain(
    `--systems: ${systems} has no bin/etcd, no bin/kube-apiserver, no bin/kube-controller-manager, no bin/kube-scheduler, no bin/kwok, no bin/kwok-stages.yaml, no bin/helm4, no crds/istio:`,
  )
  expect(message).toMatch(/run test\/systems\/install there: it builds them once/)
})

it.each([
  [
    ['--example', 'nomad'],
    ['--example: there is no example nomad; the examples are haproxy, helm, infrastructure, blue-green'],
  ],
  [
    ['--example', 'helm', '--config', 'file'],
    [
      '--example: is a config of this suite, and --config names one of your own, whose workloads and routers are replaced: it needs no cluster',
    ],
  ],
  [
    ['--example', 'helm', '--world', 'world', '--scenario', 'router-down'],
    [
      '--world: keeps no cluster: this example begins anew each time',
      "scenario: the router of eu-west is to refuse: that is a fault of HAProxy's command port, which this example does not use",
    ],
  ],
  [
    ['--example', 'blue-green', '--scenario', 'cancel-at-25', '--systems', 'nowhere'],
    [
      'scenario: a fault in eu-west waits until the canary has 25%, which none of its stages gives (100%): it would never begin',
    ],
  ],
  [
    ['--scenario', 'lost-in-upgrade'],
    [
      'scenario: a fault in eu-west waits until its workload is changing, which a Kubernetes API server alone shows: choose --example helm',
    ],
  ],
])('%j is refused before anything is started', async (args, problems) => {
  expect(await refused(...args)).toEqual(problems)
})
