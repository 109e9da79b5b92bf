import { describe, expect, it } from '@jest/globals'
import { createFakePorts } from '@deploy-actions/testing'
import { answering } from './answering.fixture'
import { awaitRollouts, mustBeDone, rolloutOf } from './rollout'
import { workloadObject, type Workload } from './workloads'

const of = (kind: Workload['kind']): Workload => ({ kind, namespace: 'api', name: 'shop' })
const object = (spec: object, status: object) => ({
  metadata: { name: 'shop', namespace: 'api', generation: 2 },
  spec: { selector: {}, template: { spec: { containers: [] } }, ...spec },
  status: { observedGeneration: 2, ...status },
})
const judge = (kind: Workload['kind'], spec: object, status: object) =>
  rolloutOf(of(kind), workloadObject.parse(object(spec, status)))

const all = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 }
const progress = (reason: string, status: string) => ({
  conditions: [{ type: 'Progressing', status, reason }],
})
const daemons = { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 3, numberAvailable: 3 }
const partition = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }

describe('a rollout', () => {
  it.each<[Workload['kind'], object, object, string, string]>([
    ['Deployment', { replicas: 3 }, all, 'done', '3 of 3 pods are new and ready'],
    ['Deployment', { replicas: 0 }, {}, 'done', '0 of 0 pods are new and ready'],
    // Helm 3 waits for replicas less maxUnavailable, which is none of one.
    ['Deployment', { replicas: 1 }, { replicas: 1, updatedReplicas: 1 }, 'going', '0 of 1 pods are ready'],
    [
      'Deployment',
      { replicas: 3 },
      { ...all, observedGeneration: 1 },
      'going',
      'its controller has not seen the change yet',
    ],
    ['Deployment', { replicas: 3 }, { ...all, updatedReplicas: 1 }, 'going', '1 of 3 pods are new'],
    ['Deployment', { replicas: 3 }, { ...all, replicas: 4 }, 'going', '1 pods are left of before'],
    [
      'Deployment',
      { replicas: 3 },
      { ...all, availableReplicas: 2, readyReplicas: 2 },
      'going',
      '2 of 3 pods are ready',
    ],
    [
      'Deployment',
      { replicas: 3, paused: true },
      all,
      'stuck',
      'it is paused: nothing is rolled out before somebody resumes it',
    ],
    [
      'Deployment',
      { replicas: 3 },
      { ...all, updatedReplicas: 1, ...progress('ProgressDeadlineExceeded', 'False') },
      'stuck',
      'it made no progress within its progressDeadlineSeconds',
    ],
    [
      'Deployment',
      { replicas: 3 },
      { ...all, updatedReplicas: 1, ...progress('ReplicaSetUpdated', 'True') },
      'going',
      '1 of 3 pods are new',
    ],
    ['StatefulSet', { replicas: 3 }, all, 'done', '3 of 3 pods are new and ready'],
    [
      'StatefulSet',
      { replicas: 3, ...partition },
      { ...all, updatedReplicas: 1 },
      'done',
      '3 of 3 pods are new and ready',
    ],
    [
      'StatefulSet',
      { replicas: 3, ...partition },
      { ...all, updatedReplicas: 0 },
      'going',
      '0 of 1 pods are new',
    ],
    [
      'StatefulSet',
      { replicas: 3, updateStrategy: { type: 'OnDelete' } },
      { ...all, updatedReplicas: 1 },
      'stuck',
      'its pods are replaced only when somebody deletes them (OnDelete): 1 of 3 are new',
    ],
    [
      'StatefulSet',
      { replicas: 3, updateStrategy: { type: 'OnDelete' } },
      all,
      'done',
      '3 of 3 pods are new and ready',
    ],
    ['DaemonSet', {}, daemons, 'done', '3 of 3 pods are new and ready'],
    ['DaemonSet', {}, { ...daemons, updatedNumberScheduled: 2 }, 'going', '2 of 3 pods are new'],
    ['DaemonSet', {}, { ...daemons, numberAvailable: 2, numberReady: 2 }, 'going', '2 of 3 pods are ready'],
  ])('of a %s of %j that shows %j is %s: %s', (kind, spec, status, state, detail) => {
    expect(judge(kind, spec, status)).toMatchObject({ state, detail })
  })

  it('of nothing will not come about', () => {
    expect(rolloutOf(of('Deployment'), undefined)).toMatchObject({
      ...{ state: 'stuck', detail: 'Deployment api/shop is not there' },
    })
  })
})

describe('who waits for a rollout', () => {
  const going = object({ replicas: 3 }, { ...all, updatedReplicas: 1 })
  const done = object({ replicas: 3 }, all)
  const wait = async (...shown: (object | number)[]) => {
    const lines: string[] = []
    const ports = createFakePorts()
    const { cluster } = await answering(() => (shown.length > 1 ? shown.shift() : shown[0]))
    const began = ports.clock.now().getTime()
    const states = await awaitRollouts(cluster, [of('Deployment')], ports, {
      ...{ timeoutMs: 60_000, pollMs: 1_000 },
      onChange: ({ detail }) => lines.push(detail),
    })
    return { states, lines, ms: ports.clock.now().getTime() - began }
  }

  it('is told once of each change, and ends when it is done', async () => {
    const { states, lines, ms } = await wait(going, going, going, done)
    expect(states).toMatchObject([{ state: 'done' }])
    expect(lines).toEqual(['1 of 3 pods are new', '3 of 3 pods are new and ready'])
    expect(ms).toBe(3_000)
  })

  it('does not wait for what is stuck, nor longer than the time is', async () => {
    expect(await wait(object({ paused: true }, {}))).toMatchObject({ states: [{ state: 'stuck' }], ms: 0 })
    const late = await wait(going)
    expect(late).toMatchObject({ states: [{ state: 'going' }], ms: 60_000 })
    expect(() => mustBeDone(late.states, 60_000)).toThrow(
      'not rolled out after 1m: Deployment api/shop: 1 of 3 pods are new',
    )
    expect(() => mustBeDone([], 60_000)).not.toThrow()
  })

  it('does not take for its own that the rollout before it made no progress', async () => {
    const late = (since: string) => ({
      ...all,
      updatedReplicas: 0,
      conditions: progress('ProgressDeadlineExceeded', 'False').conditions.map((one) => ({
        ...one,
        lastUpdateTime: since,
      })),
    })
    // The controller leaves it there until a pod of the next template has come.
    const before = object({ replicas: 3 }, { ...late('10:00'), observedGeneration: 1 })
    const begun = object({ replicas: 3 }, late('10:00'))
    expect(await wait(before, begun, begun, done)).toMatchObject({ states: [{ state: 'done' }] })
    const again = object({ replicas: 3 }, late('10:10'))
    expect(await wait(before, begun, going, again)).toMatchObject({ states: [{ state: 'stuck' }], ms: 3_000 })
  })

  it('asks again where the API server is away for a while', async () => {
    expect(await wait(going, 503, 503, done)).toMatchObject({ states: [{ state: 'done' }] })
    await expect(wait(403)).rejects.toMatchObject({ status: 403 })
  })
})
