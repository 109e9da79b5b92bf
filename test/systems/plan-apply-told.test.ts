import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import {
  localProvider,
  openTerraformLab,
  SECRET,
  TOOLS,
  type Inputs,
  type TerraformLab,
} from './terraform.fixture'

// What plan-apply says where people talk about it, as it ships, with the tools themselves.

const CONFIGURATION = `
terraform {
  backend "http" {}
}
variable "token" {
  sensitive = true
}
resource "local_file" "made" {
  filename = "\${path.module}/made.txt"
  content  = "as planned"
}
resource "terraform_data" "many" {
  count = 400
  input = { token = var.token, text = "a value of some length, so that all of them together are long" }
}
`

describe.each(TOOLS)('with $name', ({ name: kind, tool }) => {
  let lab: TerraformLab
  let github: TestGitHub
  let env: Record<string, string>
  beforeEach(async () => {
    lab = await openTerraformLab(tool, CONFIGURATION)
    env = await localProvider(lab, kind)
    github = await testGitHub()
  })
  afterEach(async () => {
    await github.close()
    await lab.close()
  })

  /** A step in a job with these permissions. */
  function step(inputs: Inputs, permissions: Record<string, 'read' | 'write'>, ref = 'refs/heads/main') {
    const { run, job } = github.begin(permissions)
    const ofRun = {
      ...github.github.environmentFor(job, run),
      GITHUB_RUN_ID: String(run.id),
      GITHUB_REF: ref,
    }
    return lab.step({ ...inputs, 'github-token': job.token }, { env: { ...env, ...ofRun } })
  }

  it('keeps one comment beneath a pull request, from its first plan to the merge queue', async () => {
    const pull = { number: 1, title: 'Grow', body: '', state: 'open' as const, labels: [], isPull: true }
    github.github.issues.push({ ...pull, comments: [] })
    const comments = (): string[] => github.github.issues[0]!.comments.map(({ body }) => body)
    const write = { 'pull-requests': 'write' } as const
    const planned = await step({ mode: 'plan', comment: 'true' }, write, 'refs/pull/1/merge')
    expect(planned.outputs).toMatchObject({ outcome: 'planned', add: '401' })
    expect(comments()).toHaveLength(1)
    const [first = ''] = comments()
    expect(first.length).toBeLessThanOrEqual(65_536)
    expect(first).toMatch(/### Plan for eu, prod-eu\n\n401 to add/)
    expect(first).toMatch(/```\n\n<\/details>\n\n<sub>\[The whole of it\]/)
    expect(first).not.toContain(SECRET)
    await lab.write(CONFIGURATION.replace('count = 400', 'count = 2'))
    const queue = `refs/heads/gh-readonly-queue/main/pr-1-${'a'.repeat(40)}`
    await step({ mode: 'plan', comment: 'true' }, write, queue)
    expect(comments()).toEqual([expect.stringContaining('3 to add')])
    // Where it may not be said, it is planned all the same; and a run of no pull request says so.
    const refused = await step(
      { mode: 'plan', comment: 'true' },
      { 'pull-requests': 'read' },
      'refs/pull/1/merge',
    )
    expect(refused.outputs).toMatchObject({ outcome: 'planned' })
    expect(refused.stdout).toMatch(/::warning::the plan could not be said beneath #1: .*pull-requests: write/)
    const nowhere = await step({ mode: 'plan', comment: 'true' }, write)
    expect(nowhere.stdout).toContain(
      '::warning::nothing is commented on: refs/heads/main is of no pull request',
    )
  }, 120_000)

  it('keeps one issue while something drifts', async () => {
    await lab.write(CONFIGURATION.replace('count = 400', 'count = 2'))
    const approved = (await lab.step({ mode: 'plan' }, { env })).outputs
    const applied = {
      mode: 'apply',
      'plan-id': approved['plan-id']!,
      'plan-sha256': approved['plan-sha256']!,
    }
    expect((await lab.step(applied, { env })).outputs).toMatchObject({ outcome: 'applied' })
    const look = () => step({ mode: 'drift', issue: 'true' }, { issues: 'write' })
    expect((await look()).outputs).toMatchObject({ outcome: 'in-sync' })
    expect(github.github.issues).toEqual([])
    const file = join(lab.job.workspace, 'infra/made.txt')
    await rm(file)
    for (let day = 0; day < 2; day++) expect((await look()).outputs).toMatchObject({ outcome: 'drifted' })
    expect(github.github.issues).toMatchObject([
      {
        title: 'Drift: eu, prod-eu',
        state: 'open',
        body: expect.stringMatching(/local\\_file\.made \| gone/),
      },
    ])
    await writeFile(file, 'as planned', { mode: 0o777 })
    expect((await look()).outputs).toMatchObject({ outcome: 'in-sync' })
    expect(github.github.issues).toMatchObject([{ state: 'closed' }])
    // That nobody is told of a drift is a failure.
    await rm(file)
    expect((await step({ mode: 'drift', issue: 'true' }, { issues: 'read' })).outputs).toMatchObject({
      outcome: 'error',
    })
  }, 120_000)
})
