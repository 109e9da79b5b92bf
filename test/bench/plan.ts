import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openTerraformLab, programPath, TOOLS, type TerraformLab } from '../systems/terraform.fixture'

/*
 * What `mode: plan` of plan-apply costs beside the tool: a plan of 2,000 objects of which all change, with each call of the
 * tool timed by a script that stands before it. Reads the plan, judges, tells, seals and keeps it; the share is what all of
 * that adds to the sum of the calls, in the same runs.
 * npm run bench:plan -- [--runs 5] [--check]; test/systems/install and npm run release:assemble first
 */
const LIMIT = 0.15
const OBJECTS = 2_000

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, check: { type: 'boolean', default: false } },
})

/** A tenth of them goes, a tenth is made anew, and all others change; each holds a secret. */
const configuration = (version: string, count: number): string => `
terraform {
  backend "http" {}
}
variable "token" {
  sensitive = true
}
resource "terraform_data" "kept" {
  count = ${OBJECTS * 0.8}
  input = { version = "${version}", token = var.token, index = count.index }
}
resource "terraform_data" "anew" {
  count            = ${OBJECTS / 10}
  triggers_replace = "${version}"
}
resource "terraform_data" "gone" {
  count = ${count}
}
`

for (const { name, tool } of TOOLS) {
  const lab = await openTerraformLab(tool, configuration('one', OBJECTS / 10))
  try {
    const timed = await timedTool(lab, tool)
    await lab.step({ ...(await lab.planned()), verify: 'state' })
    await lab.write(configuration('two', 0))
    const runs: { calls: number; whole: number }[] = []
    for (let run = 0; run < Number(values.runs); run++) runs.push(await measured(lab, timed))
    const [calls, share] = [
      median(runs.map((one) => one.calls)),
      median(runs.map((one) => one.whole / one.calls - 1)),
    ]
    console.log(
      `${name}: its calls take ${(calls / 1000).toFixed(1)} s, plan-apply adds ${(share * 100).toFixed(1)} % (limit ${LIMIT * 100} %)`,
    )
    if (values.check && share > LIMIT) process.exitCode = 1
  } finally {
    await lab.close()
  }
}

interface Timed {
  tool: string
  /** milliseconds of all calls since the last time */
  take(): Promise<number>
}

async function timedTool({ job }: TerraformLab, tool: string): Promise<Timed> {
  const [script, times] = [join(job.temp, 'timed'), join(job.temp, 'times')]
  const real = programPath(tool)
  await writeFile(
    script,
    `#!/bin/bash
began=$EPOCHREALTIME
${real} "$@"
code=$?
echo "$began $EPOCHREALTIME" >>${times}
exit $code
`,
    { mode: 0o755 },
  )
  return {
    tool: script,
    async take() {
      const lines = (await readFile(times, 'utf8')).trim().split('\n')
      await rm(times)
      return lines
        .map((line) => line.split(' ').map(Number))
        .reduce((sum, [began = 0, ended = 0]) => sum + (ended - began) * 1000, 0)
    },
  }
}

async function measured(lab: TerraformLab, { tool, take }: Timed): Promise<{ calls: number; whole: number }> {
  const began = performance.now()
  const { outputs, stdout } = await lab.step({ mode: 'plan', tool })
  const whole = performance.now() - began
  if (outputs['outcome'] !== 'planned') throw new Error(stdout)
  return { whole, calls: await take() }
}

function median(all: number[]): number {
  return all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0
}
