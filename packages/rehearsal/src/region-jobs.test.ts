import { describe, expect, it } from '@jest/globals'
import type { World } from '@deploy-actions/embedded-regions'
import type { EngineEvent, JobView } from '@deploy-actions/workflow-engine'
import { besideJobs, choosePace } from './pace'
import { loadFor } from './region-jobs'

const regions = ['us', 'eu', 'apac']

/** A world that takes its time to answer, as one in another thread does; what it was told last holds. */
function slowWorld(): { busy: Record<string, boolean>; world: Pick<World, 'setLoad'> } {
  const busy: Record<string, boolean> = {}
  return {
    busy,
    world: {
      setLoad: async (name, load) => {
        busy[name] = load.busy ?? false
        await new Promise((answered) => setImmediate(answered))
      },
    },
  }
}

const job = (name: string, status: JobView['status'], begun: string[] = []): EngineEvent =>
  ({
    type: 'job',
    run: { jobs: begun.map((one) => ({ name: one, startedAt: 'then', workflowFile: 'region.yml' })) },
    job: { name, key: name.split(' / ').at(-1), status, workflowFile: 'region.yml' },
  }) as unknown as EngineEvent

describe('the load of the regions', () => {
  it('is full wherever a rollout goes on, however close its beginning is to the end of the plan', async () => {
    const { busy, world } = slowWorld()
    await Promise.all(
      [
        job('plan', 'completed'),
        ...regions.map((name) => job(`rollout / ${name} / prepare`, 'in_progress')),
      ].map((event) => loadFor(event, regions, world)),
    )
    expect(busy).toEqual({ us: true, eu: true, apac: true })
    await loadFor(job('rollout / eu / deploy', 'completed'), regions, world)
    expect(busy).toEqual({ us: true, eu: false, apac: true })
  })
})

describe('the load of a second rollout of the same run', () => {
  it('is left to it when the plan of the first ends', async () => {
    const { busy, world } = slowWorld()
    await loadFor(job('beside / apac / prepare', 'in_progress'), regions, world)
    await loadFor(job('rollout / plan', 'completed', ['beside / apac / prepare']), regions, world)
    expect(busy).toEqual({ us: false, eu: false, apac: true })
  })
})

describe('the pace', () => {
  it('is what the machine carries with all regions at full traffic, and in parallel with the jobs of all', () => {
    const at = (regions: number, atOnce: number, hops = 1, cluster = false) =>
      choosePace(60, { rps: 20, regions, atOnce, intervalMs: 10_000, hops, cluster })
    expect(at(3, 1)).toEqual({ speed: 60 })
    // 3,600 requests per real second over 8 x 20, and half of that.
    expect(at(8, 1)).toMatchObject({ speed: 22 })
    // Half of it, too, where each request comes by a second proxy.
    expect(at(4, 1, 2)).toMatchObject({ speed: 22 })
    // And where there is an API server beside it.
    expect(at(4, 1, 1, true)).toMatchObject({ speed: 22 })
    expect(at(8, 8)).toEqual({
      speed: 11,
      lowered:
        'speed 60 is lowered to 11: 20 requests/s in 8 regions are more than this machine carries faster',
    })
  })

  it('leaves half of the machine to the jobs that work in all regions at once', () => {
    // 1,800 over three regions; what is less stays as it is.
    expect([besideJobs(1_200, 3), besideJobs(400, 3)]).toEqual([600, 400])
  })
})
