import { access } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { openBundleJob, runBundle } from '@deploy-actions/testing'
import { suite, type ActionName } from '../../actions/suite'

/** The first input that an empty step has to name. */
const needed: Record<ActionName, string> = {
  'audit-summary': 'mode',
  'canary-step': 'version',
  'health-gate': 'checks',
  'helm-deploy': 'mode',
  'plan-apply': 'mode',
  notify: 'event',
  'restore-point': 'mode',
  'rollout-plan': 'version',
  'run-hook': 'hook',
  'traffic-weight': 'mode',
}

describe.each(Object.keys(suite) as ActionName[])('%s', (action) => {
  it('fails without inputs, says which one is missing, and leaves outputs and evidence', async () => {
    const job = await openBundleJob()
    try {
      const { exitCode, outputs, stdout, stderr, summary } = await job.run(action)
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
      expect(stdout).toMatch(new RegExp(`^::error::${action}: inputs? \`${needed[action]}\``, 'm'))
      expect(outputs).toMatchObject({
        outcome: 'invalid',
        reason: expect.stringContaining(`\`${needed[action]}\``),
      })
      expect(summary).toContain('did not succeed')
      await access(outputs['evidence-path'] ?? '')
      expect(Number(outputs['duration-ms'])).toBeGreaterThanOrEqual(0)
    } finally {
      await job.close()
    }
  })
})

it('masks every secret before anything else is said', async () => {
  const { stdout } = await runBundle('notify', {
    inputs: { secrets: 'KEY=swordfish-42', 'github-token': 'ghs_abcdefgh' },
  })
  const lines = stdout.split('\n')
  const first = lines.findIndex((line) => !line.startsWith('::add-mask::'))
  expect(lines.slice(0, first)).toEqual(
    expect.arrayContaining(['::add-mask::swordfish-42', '::add-mask::ghs_abcdefgh']),
  )
  expect(lines.slice(first).join('\n')).not.toContain('swordfish')
})

it('gives a script what the step names of the secrets, and shows none of it', async () => {
  const result = await runBundle('run-hook', {
    inputs: {
      run: 'ops/show.sh',
      secrets: 'KEY=swordfish-42\nOTHER=swordfish-43',
      'env-secrets': 'KEY',
      oidc: 'true',
    },
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example.com/?v=2',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token-1',
    },
    files: {
      'ops/show.sh':
        '#!/bin/sh\nenv\n[ "$KEY" = swordfish-42 ] && [ "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" = request-token-1 ] && [ -z "$OTHER" ]\n',
    },
  })
  expect(result.outputs).toMatchObject({ outcome: 'done' })
  const said = result.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  expect(said.join('\n')).toContain('KEY=***')
  expect(JSON.stringify([said, result.outputs, result.summary])).not.toMatch(/swordfish|request-token/)
})

it('names every problem of the inputs at once', async () => {
  const { stdout } = await runBundle('traffic-weight', {
    inputs: { mode: 'put', weights: 'blue=90%', settle: 'soon' },
  })
  for (const input of ['mode', 'weights', 'settle']) expect(stdout).toContain(`input \`${input}\``)
})
