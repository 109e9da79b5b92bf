import { expect, it } from '@jest/globals'
import { runRehearsal } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }

it('failing-hooks: what fails beside a stage has its region put back, what fails after a commit takes nothing back', async () => {
  const { result, region, summaries } = await runRehearsal('--scenario', 'failing-hooks')
  expect(result).toMatchObject({ conclusion: 'failure', evidence: { complete: true } })
  for (const name of ['us-east', 'eu-west'])
    expect(region(name)).toMatchObject({ outcome: 'promoted', weights: { after: NEW } })
  expect(region('apac-se')).toMatchObject({
    ...{ outcome: 'restored', rolledBack: true, rollbackVerified: true, weights: { after: OLD } },
    stages: [
      { weight: 1000, verdict: 'pass' },
      { weight: 2500, verdict: 'fail' },
    ],
  })
  expect(result.told).toContain('restored apac-se')

  // The plan asks once, before anything begins.
  expect(summaries.split('schema-compatibility: ops/hook.mjs succeeded')).toHaveLength(2)
  expect(summaries).toContain('schema-compatibility: 1.1.0 in us-east')
  expect(summaries).toContain(
    '25%: during-stage of 25%: ops/hook.mjs ended with exit code 1: it was told to fail here',
  )
  expect(summaries).toContain('finished: 1.1.0 in us-east')
  expect(summaries).toContain(
    'ops/hook.mjs ended with exit code 1: it was told to fail here; the release is committed and serves: nothing is taken back for that',
  )
  // A region that is not committed is not finished either.
  expect(summaries).not.toContain('finished: 1.1.0 in apac-se')
}, 400_000)
