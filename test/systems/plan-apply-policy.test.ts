import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { configuration, openTerraformLab, SECRET, TOOLS, type TerraformLab } from './terraform.fixture'
import { filesBeneath } from './leaks'

// A script of the repository that judges a plan, as plan-apply ships, with the tools themselves.

describe.each(TOOLS)('with $name', ({ tool }) => {
  let lab: TerraformLab
  beforeEach(async () => {
    lab = await openTerraformLab(tool, configuration('one'))
  })
  afterEach(() => lab.close())

  const plan = async (text: string, mode = 0o755) => {
    const script = join(lab.job.workspace, 'ops/policy.sh')
    await mkdir(dirname(script), { recursive: true })
    await writeFile(script, `#!/bin/sh\n${text}\n`, { mode })
    return lab.step({ mode: 'plan', 'policy-script': 'ops/policy.sh strict', region: 'eu' })
  }

  it('is handed it in clear, refuses it, and shows nothing of it', async () => {
    const said = 'echo "$1 $DEPLOY_REGION: $(grep -o terraform_data.second "$DEPLOY_PLAN" | head -n 1)"'
    const { outputs, stdout, summary } = await plan(
      `${said}\nls -l "$DEPLOY_PLAN" | cut -c 1-10\ngrep -q ${SECRET} "$DEPLOY_PLAN" && echo "found ${SECRET}" >&2\nexit 3`,
    )
    expect(outputs).toMatchObject({
      outcome: 'failed',
      'failure-reason': 'policy-violation',
      reason: 'the plan is refused: by the policy, ops/policy.sh ended with exit code 3: found (sensitive)',
    })
    expect(outputs).not.toHaveProperty('plan-id')
    expect(stdout).toContain('strict eu: terraform_data.second')
    expect(stdout).toContain('-rw-------')
    expect(summary).toContain('ended with exit code 3')
    expect(`${stdout.replace(/::add-mask::.*/g, '')}${summary}`).not.toContain(SECRET)
    const left = await filesBeneath(lab.job.temp)
    expect(left.filter(({ where }) => where.endsWith('plan.json'))).toEqual([])
  }, 60_000)

  it('shows no half of a secret, where a line is longer than is told', async () => {
    const { outputs, stdout, summary } = await plan(
      `printf '%0290d%s\\n' 0 "$(grep -o ${SECRET} "$DEPLOY_PLAN" | head -n 1)" >&2\nexit 1`,
    )
    expect(outputs.reason).toMatch(/exit code 1: 0{290}\(sensitive/)
    const left = `${stdout.replace(/::add-mask::.*/g, '')}${summary}${JSON.stringify(outputs)}`
    expect(left).not.toContain(SECRET.slice(0, 8))
  }, 60_000)

  it('lets it through', async () => {
    expect((await plan('exit 0')).outputs).toMatchObject({ outcome: 'planned' })
  }, 60_000)

  it('is told to be missing before the tool is started', async () => {
    const { outputs } = await plan('exit 0', 0o644)
    expect(outputs).toMatchObject({
      outcome: 'invalid',
      reason: expect.stringMatching(
        /input `policy-script`: ops\/policy\.sh is not in the repository or not executable/,
      ),
    })
  }, 60_000)
})
