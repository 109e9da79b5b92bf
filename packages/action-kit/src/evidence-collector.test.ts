import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { followProgress, readChain, type EvidenceRecord, type ProgressEvent } from '@deploy-actions/evidence'
import { readContext, runUrl } from './context'
import { collectEvidence, evidenceFolder } from './evidence-collector'

let temp: string
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'evidence-'))
})
afterEach(() => rm(temp, { recursive: true, force: true }))

const context = () =>
  readContext({
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '2',
    GITHUB_JOB: 'deploy',
    GITHUB_ACTOR: 'ann',
    GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
    GITHUB_ACTION_REF: 'v1',
    RUNNER_TEMP: temp,
  })
const ending = {
  action: 'canary-step',
  startedAt: new Date('2026-11-21T10:00:00Z'),
  endedAt: new Date('2026-11-21T10:05:00Z'),
  inputs: { region: 'eu' },
  outcome: 'promoted',
  reason: 'all well',
}

async function closed(act: (evidence: ReturnType<typeof collectEvidence>) => void): Promise<EvidenceRecord> {
  const evidence = collectEvidence(context())
  act(evidence)
  expect(await evidence.close(ending)).toBe(join(evidenceFolder(temp), '0000.json'))
  return (await readChain(evidence.folder)).records[0] as EvidenceRecord
}

describe('the evidence of an action', () => {
  it('is one record of what it did, where and for whom', async () => {
    const record = await closed((evidence) => {
      evidence.about({ service: 'shop', region: 'eu' })
      evidence.about({ environment: 'production-eu', transaction: '7-2-shop-eu-1' })
      evidence.facts({ weight: 1000 })
      evidence.facts({ verdict: 'pass' })
      evidence.call({ system: 'github', what: 'GET /x', status: 200, ms: 3 })
    })
    expect(record).toEqual({
      v: 1,
      job: 'deploy',
      seq: 0,
      previous: null,
      action: 'canary-step',
      actionRef: 'v1',
      startedAt: '2026-11-21T10:00:00.000Z',
      endedAt: '2026-11-21T10:05:00.000Z',
      service: 'shop',
      region: 'eu',
      environment: 'production-eu',
      transaction: '7-2-shop-eu-1',
      run: {
        id: 7,
        attempt: 2,
        workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
        actor: 'ann',
      },
      inputs: { region: 'eu' },
      outcome: 'promoted',
      reason: 'all well',
      facts: { weight: 1000, verdict: 'pass' },
      calls: [{ system: 'github', what: 'GET /x', status: 200, ms: 3 }],
    })
  })

  it('keeps the newest 500 calls and says how many it left out', async () => {
    const record = await closed((evidence) => {
      for (let ms = 0; ms < 503; ms++) evidence.call({ system: 'haproxy', what: 'show', status: 'ok', ms })
    })
    expect(record.calls.map(({ ms }) => ms)).toEqual(Array.from({ length: 500 }, (_, index) => index + 3))
    expect(record.facts).toEqual({ callsLeftOut: 3 })
  })
})

describe('the context', () => {
  it('of a run has its page', () => {
    expect(runUrl(context())).toBe('https://github.com/acme/shop/actions/runs/7')
  })

  it('of a laptop is empty', () => {
    expect(readContext({})).toEqual({
      owner: '',
      repo: '',
      runId: 0,
      attempt: 1,
      sha: '',
      ref: '',
      actor: '',
      job: '',
      workflowRef: '',
      serverUrl: 'https://github.com',
      actionRef: '',
      actionRepository: '',
      workspace: process.cwd(),
      temp: tmpdir(),
    })
  })
})

describe('progress', () => {
  const verdict: ProgressEvent = {
    kind: 'verdict',
    at: '2026-11-21T10:00:00.000Z',
    stage: 0,
    weight: 1000,
    verdict: 'error',
    reason: 'https://hunter2@metrics is unknown',
    final: false,
  }

  it('names the region, and no secret', async () => {
    const evidence = collectEvidence(context(), (text) => text.replaceAll('hunter2', '***'))
    evidence.about({ region: 'eu' })
    evidence.progress(verdict)
    expect(await followProgress(temp).next()).toEqual([
      { ...verdict, region: 'eu', reason: 'https://***@metrics is unknown' },
    ])
  })

  it('that cannot be written hurts nobody', async () => {
    await writeFile(join(temp, 'deploy-actions'), 'a file where the folder would be')
    const evidence = collectEvidence(context())
    expect(() => evidence.progress(verdict)).not.toThrow()
  })
})
