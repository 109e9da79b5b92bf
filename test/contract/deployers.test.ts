import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled } from '@deploy-actions/action-kit'
import { deployers, deployPoint, type ConfiguredDeployer, type Deployer } from '@deploy-actions/deploys'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import type { DeployerLab, OpenDeployerLab } from './deployers/deployer-lab'
import { loadLabs } from './load-labs'

const labs = await loadLabs<OpenDeployerLab>('deployers', deployers)

const arms = { baseline: 'blue', canary: 'green' }
const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
const OLD = { blue: '1.0.0', green: '0.9.0' }
const NEW = { blue: '1.0.0', green: '1.1.0' }

describe.each(labs)('the $type deployer before $place', ({ type, open }) => {
  let lab: DeployerLab
  let ports: FakePorts
  let configured: ConfiguredDeployer
  let deployer: Deployer
  const cancelReason = new Cancelled('the run was cancelled')
  beforeEach(async () => {
    lab = await open()
    const context = { workspace: lab.workspace }
    ports = createFakePorts({ real: true, secrets: lab.secrets ?? {}, context, cancelReason })
    configured = await deployers.configure(lab.settings)
    deployer = configured.open(ports, arms)
  })
  afterEach(() => lab.close())

  const deploy = () => deployer.deploy(release, arms.canary, ports.signal)

  it('is called by its type, and says how long it may take', () => {
    expect(configured.written.type).toBe(type)
    for (const ms of Object.values(configured.worstCase())) expect(ms).toBeGreaterThan(0)
  })

  it('takes a snapshot without a change, as a record keeps it', async () => {
    const points = await deployer.snapshot(ports.signal)
    expect(points).not.toEqual([])
    for (const point of points) expect(deployPoint().parse(JSON.parse(JSON.stringify(point)))).toEqual(point)
    expect(await lab.versions()).toEqual(OLD)
  })

  it('brings the release onto the canary arm, and the other stays as it is', async () => {
    expect(await deploy()).toMatchObject({ ended: 'done', detail: expect.stringMatching(/\w/) })
    expect(await lab.versions()).toEqual(NEW)
    expect((await deployer.verify(arms.canary, ports.signal)).state).not.toBe('unverified')
  })

  it('makes one change of the same deploy twice', async () => {
    await deploy()
    expect((await deploy()).ended).toBe('done')
    expect(await lab.versions()).toEqual(NEW)
  })

  it('puts back what the snapshot found, in another process and more than once', async () => {
    const points = JSON.parse(JSON.stringify(await deployer.snapshot(ports.signal))) as object[]
    await deploy()
    const other = (await deployers.configure(lab.settings)).open(ports, arms)
    for (let round = 0; round < 2; round++) {
      for (const point of points)
        expect((await other.restore(deployPoint().parse(point), ports.signal)).ended).toBe('done')
      expect(await lab.versions()).toEqual(OLD)
    }
  })

  it('tells a deploy that was refused, and what the platform said', async () => {
    await lab.refuse()
    const { ended, detail, output } = await deploy()
    expect([ended, detail, output]).toEqual([
      'failed',
      expect.stringMatching(/\w/),
      expect.stringMatching(/\w/),
    ])
    expect(await lab.versions()).toEqual(OLD)
  })

  it('sees before anything is written what is missing', async () => {
    expect(await configured.missing(lab.workspace)).toEqual([])
    if (!lab.spoil) return
    await lab.spoil()
    expect(await configured.missing(lab.workspace)).toEqual([
      { where: expect.stringContaining(type), message: expect.stringMatching(/\w/) },
    ])
  })

  it('is stopped when the run is cancelled', async () => {
    ports.cancel()
    const ending = await deploy().then(
      ({ ended }) => ended,
      (error: unknown) => (error instanceof Cancelled ? 'cancelled' : error),
    )
    expect(ending).toBe('cancelled')
  })
})
