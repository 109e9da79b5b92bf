import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createServer, type ServerResponse } from 'node:http'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'
import type { BundleResult, BundleRun } from '@deploy-actions/testing'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { filesBeneath, leaksIn, watchArguments, type Leak, type Left } from './leaks'
import {
  backendOf,
  KEY,
  openTerraformLab,
  SECRET,
  TOOLS,
  type Inputs,
  type TerraformLab,
} from './terraform.fixture'

// What plan-apply, as it ships, leaves of a plan, whose every value may be a secret, and what whoever writes a
// configuration or is printed by a provisioner can do with it.

/** Each has what stands otherwise in JSON, in an address, in base64 and in Markdown. */
const awkward = (name: string): string => `${name}-"s" \\w/o+r%d&fish é`
/** Of sensitive variables, by a file of variables: no secret of the step. */
const OF_FILE = {
  whole: awkward('whole'),
  in_list: awkward('in-list'),
  in_map: awkward('in-map'),
  in_set: awkward('in-set'),
  within: awkward('within'),
  of_count: awkward('of-count'),
  of_each: awkward('of-each'),
  copied: awkward('copied'),
  of_key: awkward('of-key'),
  of_output: awkward('of-output'),
  deleted: awkward('deleted'),
  before: awkward('before'),
  after: awkward('after'),
  of_check: awkward('of-check'),
  of_precondition: awkward('of-precondition'),
  /** a provisioner prints a copy without a mark, in all forms */
  printed: awkward('printed'),
  /** a provisioner prints it, and the tool, which knows it, does not */
  suppressed: awkward('suppressed'),
  /** the second line of what a provisioner prints */
  of_lines: awkward('of-lines'),
  number: '739154826',
}
const VALUES = {
  ...OF_FILE,
  of_module: awkward('of-module'),
  /** a variable, by tool-secrets */
  of_tool: awkward('of-tool'),
  /** no variable; a provisioner finds it in its environment */
  of_environment: awkward('of-environment'),
}

const quoted = (text: string): string => JSON.stringify(text)
const VARIABLES = [...Object.keys(OF_FILE), 'of_tool']
  .map((name) => `variable ${quoted(name)} {\n  sensitive = true\n}`)
  .join('\n')
const FILE_OF_VARIABLES = Object.entries(OF_FILE)
  .map(([name, text]) => {
    if (name === 'number') return `${name} = ${text}`
    return `${name} = ${quoted(name === 'of_lines' ? `the first line\n${text}\n` : text)}`
  })
  .join('\n')

/** All shapes in which the tools mark a secret, and copies without a mark. */
const SHAPES = `
terraform { 
  backend "http" {} 
}
${VARIABLES}
resource "terraform_data" "whole" {
  input = var.whole
}
resource "terraform_data" "list" {
  input = ["plain", var.in_list, { k = var.in_map, n = 1 }]
}
resource "terraform_data" "set" {
  input = toset([var.in_set, "plain"])
}
resource "terraform_data" "within" {
  input = "postgres://admin:\${var.within}@db/\${nonsensitive(var.number)}"
}
resource "terraform_data" "counted" {
  count = nonsensitive(length(var.of_count)) > 3 ? 1 : 0
  input = "it is \${nonsensitive(var.of_count)}"
}
resource "terraform_data" "copied" {
  input = {
    plain  = nonsensitive(var.copied)
    json   = jsonencode({ a = nonsensitive(var.copied) })
    url    = urlencode(nonsensitive(var.copied))
    base64 = base64encode("admin:\${nonsensitive(var.copied)}")
    number = nonsensitive(var.number)
    tool   = nonsensitive(var.of_tool)
  }
}
resource "terraform_data" "keyed" {
  input = { (nonsensitive(var.of_key)) = 1 }
}
resource "terraform_data" "others" {
  input = [var.printed, var.suppressed, nonsensitive(var.suppressed), nonsensitive(var.of_lines)]
}
module "db" {
  source = "./db"
}
output "sensitive" { 
  value     = var.of_output 
  sensitive = true
}
output "told" { 
  value = "it is \${nonsensitive(var.of_output)}"
}
resource "terraform_data" "output" {
  input = nonsensitive(var.of_output)
}
check "health" {
  assert {
    condition     = length(var.of_check) == 0
    error_message = "it is not \${nonsensitive(var.of_check)}"
  }
}
`
const EACH = `
resource "terraform_data" "each" {
  for_each = toset([nonsensitive(var.of_each)])
}
`
const MODULE = `
variable "password" {
  sensitive = true
  default   = ${quoted(VALUES.of_module)}
}
resource "terraform_data" "db" {
  input = [var.password, nonsensitive(var.password)]
}
`

const UPDATED = (name: 'before' | 'after'): string => `
resource "terraform_data" "updated" {
  input = { marked = var.${name}, copied = nonsensitive(var.${name}) }
}
`
const DELETED = `
resource "terraform_data" "deleted" {
  input = { marked = var.deleted, copied = nonsensitive(var.deleted) }
  provisioner "local-exec" {
    command     = "echo $COPY $DB_PASSWORD"
    environment = { COPY = nonsensitive(var.deleted) }
  }
}
`
/** Provisioners that print and fail. */
const FAILING = `
resource "terraform_data" "prints" {
  provisioner "local-exec" {
    command     = "echo \\"$SAID\\"; echo \\"I have $DB_PASSWORD\\"; printf 'me:%s' \\"$DB_PASSWORD\\" | base64 -w 0; exit 3"
    environment = {
      SAID = join("\\n", [
        "I have \${nonsensitive(var.printed)}",
        jsonencode({ password = nonsensitive(var.printed) }),
        jsonencode({ message = jsonencode({ password = nonsensitive(var.printed) }) }),
        "GET /?password=\${urlencode(nonsensitive(var.printed))}",
        "Authorization: Basic \${base64encode("admin:\${nonsensitive(var.printed)}")}",
        "Authorization: Basic \${base64encode("me:\${nonsensitive(var.printed)}")}",
        "Authorization: Basic \${base64encode("a:\${nonsensitive(var.printed)}")}",
        "\${nonsensitive(var.of_lines)}",
      ])
    }
  }
}
resource "terraform_data" "suppressed" {
  provisioner "local-exec" {
    command     = "echo $SAID; exit 3"
    environment = { SAID = var.suppressed }
  }
}
`
/** Its step is killed while it is made. */
const SLOW = `
resource "terraform_data" "slow" {
  for_each = toset([nonsensitive(var.of_each)])
  provisioner "local-exec" {
    command = "echo > ../begun; sleep 3"
  }
}
`
const PRECONDITION = `
resource "terraform_data" "refused" {
  lifecycle {
    precondition {
      condition     = length(var.of_precondition) == 0
      error_message = "it is not \${nonsensitive(var.of_precondition)}"
    }
  }
}
`

/** What is not left by a run: what the repository has, and what the tool keeps in its own folder and its own state. */
const NOT_LEFT = /^workspace\/infra\/(.*\.tf|secret\.tfvars|(.*\/)?\.terraform\/.*|errored\.tfstate)$/

const UNREDACTED = [
  ...['--import', import.meta.resolve('tsx')],
  ...[fileURLToPath(new URL('unredacted.mjs', import.meta.url)), 'plan-apply'],
]

interface Run {
  results: BundleResult[]
  left: Left[]
}

/** A job with all that may go wrong, and its evidence uploaded. */
async function run(tool: string, node?: readonly string[]): Promise<Run> {
  const github = await testGitHub()
  const lab = await openTerraformLab(tool, SHAPES)
  const watched = watchArguments()
  try {
    const results = await steps(lab, github, node)
    const left = [
      ...(await filesBeneath(path.dirname(lab.job.workspace), NOT_LEFT)),
      ...(await filesBeneath(path.join(github.folder, 'artifacts'))),
      ...results.flatMap(({ stdout, stderr }, index) => logged(`step ${index}`, stdout + stderr)),
      ...(await watched.stop()),
    ]
    return { results, left }
  } finally {
    await watched.stop()
    await lab.close()
    await github.close()
  }
}

async function steps(
  { job, write, step }: TerraformLab,
  github: TestGitHub,
  node?: readonly string[],
): Promise<BundleResult[]> {
  const { run, job: view } = github.begin({ actions: 'read' })
  const [home, temporary] = [path.join(job.temp, 'home'), path.join(job.temp, 'tmp')]
  for (const folder of [home, temporary, path.join(job.workspace, 'infra/db')]) await mkdir(folder)
  await writeFile(path.join(job.workspace, 'infra/db/main.tf'), MODULE)
  await writeFile(path.join(job.workspace, 'infra/secret.tfvars'), FILE_OF_VARIABLES)
  const env = {
    ...github.github.environmentFor(view, run),
    ...{ GITHUB_RUN_ID: String(run.id), HOME: home, TMPDIR: temporary },
  }
  const audit = (state?: BundleResult['state']) =>
    job.run('audit-summary', {
      ...{ env, inputs: { mode: 'collect', 'job-id': String(view.id), 'github-token': view.token } },
      ...(state && { state }),
    })
  const ours = (inputs: Inputs, more: Pick<BundleRun, 'end' | 'state'> = {}) =>
    step(
      {
        ...{
          'plan-store': 'artifact',
          'github-token': view.token,
          'tool-secrets': 'TF_VAR_of_tool,DB_PASSWORD',
        },
        secrets: `PLAN_KEY=${KEY}\nTF_VAR_of_tool=${VALUES.of_tool}\nDB_PASSWORD=${VALUES.of_environment}`,
        ...inputs,
      },
      { env, ...(node && { node }), ...more },
    )
  const plan = (more: Inputs = {}) => ours({ mode: 'plan', 'var-files': 'infra/secret.tfvars', ...more })
  const apply = (
    { outputs: { 'plan-id': id = '', 'plan-sha256': digest = '' } }: BundleResult,
    end?: BundleRun['end'],
  ) => ours({ mode: 'apply', 'plan-id': id, 'plan-sha256': digest }, { ...(end && { end }) })
  const collecting = await audit()
  await write(SHAPES + EACH + DELETED + UPDATED('before'))
  const planned = await plan()
  const applied = await apply(planned)
  await write(SHAPES + EACH + UPDATED('after') + FAILING)
  const plannedToFail = await plan()
  const drifted = await plan({ mode: 'drift', 'plan-store': 'none' })
  const failed = await apply(plannedToFail)
  await write(SHAPES + UPDATED('after'))
  const refused = await plan({ 'max-destroy': '0' })
  await write(SHAPES + EACH + UPDATED('after') + PRECONDITION)
  const errored = await plan()
  await write(SHAPES + EACH + UPDATED('after') + SLOW)
  const plannedToKill = await plan()
  const begun = async () => (await readdir(job.workspace)).includes('begun')
  const killed = await apply(plannedToKill, { signal: 'SIGKILL', when: begun })
  const seenToItsEnd = await ours({}, { state: killed.state })
  const uploading = await audit(collecting.state)
  return [
    ...[collecting, planned, applied, plannedToFail, drifted, failed, refused, errored],
    ...[plannedToKill, killed, seenToItsEnd, uploading],
  ]
}

const ALL_ENDS = [
  ...['planned', 'applied', 'planned', 'drifted'],
  ...['apply-partial', 'policy-violation', 'plan-errored', 'planned', undefined, undefined],
]
const endsOf = ({ results }: Run): (string | undefined)[] =>
  results.slice(1, -1).map(({ outputs }) => outputs['failure-reason'] ?? outputs['outcome'])

/** Without what tells the runner what to hide: it shows none of that. */
const logged = (where: string, text: string): Left[] => [
  { where, bytes: Buffer.from(text.replace(/^::add-mask::.*$/gm, '')) },
]

/** What begins with these belongs to a step of plan-apply alone. */
const OURS = /^plan-(apply|store)-/
const oursIn = async (lab: TerraformLab): Promise<string[]> =>
  (await readdir(lab.job.temp)).filter((name) => OURS.test(name))

describe.each(TOOLS)('with $name', ({ tool }) => {
  it('A7 48: no secret of a plan is in anything that a run leaves', async () => {
    const ran = await run(tool)
    expect(endsOf(ran)).toEqual(ALL_ENDS)
    const places = ran.left.map(({ where }) => where)
    for (const kind of [
      ...[/evidence\/0008\.json$/, /\(zip\): 0008\.json$/, /\(zip\): plan\.sealed$/],
      ...[/\/summary$/, /\/output$/, /\/state$/, /^arguments: \S+ plan /, /^arguments: \S+ apply /],
    ])
      expect(places).toContainEqual(expect.stringMatching(kind))
    expect(leaksIn(ran.left, VALUES)).toEqual([])
  }, 240_000)

  it('A7 48: every secret is found where nothing takes it out', async () => {
    const ran = await run(tool, UNREDACTED)
    expect(endsOf(ran)).toEqual(ALL_ENDS)
    const leaks = leaksIn(ran.left, VALUES)
    expect(new Set(leaks.map(({ value }) => value))).toEqual(new Set(Object.keys(VALUES)))
    for (const place of [/evidence\/\d+\.json$/, /\(zip\)/, /\/summary$/, /\/output$/, /^step /])
      expect(leaks.map(({ where }: Leak) => where)).toContainEqual(expect.stringMatching(place))
  }, 240_000)

  describe('in a job', () => {
    let lab: TerraformLab
    beforeEach(async () => {
      lab = await openTerraformLab(tool, configuration())
    })
    afterEach(() => lab.close())

    it('A7 49: what a configuration and its provisioners print is obeyed by nobody', async () => {
      await lab.write(HOSTILE_CONFIGURATION)
      const planned = await lab.step({ mode: 'plan' })
      const { 'plan-id': id = '', 'plan-sha256': digest = '' } = planned.outputs
      const applied = await lab.step({ mode: 'apply', 'plan-id': id, 'plan-sha256': digest })
      const refused = await lab.step({
        mode: 'plan',
        'fail-on-check': 'true',
        destroy: 'true',
        'max-destroy': '0',
      })
      lab.server.locks.set('/eu', JSON.stringify({ ID: HOSTILE_LOCK }))
      const ended = await lab.step({}, { state: await killedApply(lab, tool, applied) })
      expect([planned, applied, refused].map(({ outputs }) => outputs['failure-reason'])).toEqual([
        ...[undefined, 'apply-partial', 'policy-violation'],
      ])
      for (const result of [planned, applied, refused, ended]) {
        expect(commandsIn(result.stdout).filter((line) => OBEYED.test(line))).toEqual([])
        expect(Object.keys(result.outputs)).not.toContain('evil')
        expect(liveIn(result.summary)).toEqual([])
      }
      for (const [result, text] of [
        ...([
          [planned, 'evil'],
          [applied, 'evil'],
          [refused, 'evil'],
          [ended, 'evil'],
        ] as const),
      ])
        expect(result.stdout + result.summary).toContain(text)
    }, 120_000)

    it('A7 50: two thousand objects make a summary that GitHub takes', async () => {
      for (const length of [4, 217]) {
        const many = manyObjects(length)
        await lab.write(many.configuration)
        lab.server.states.set('/eu', many.state)
        const { outputs, summary } = await lab.step({ mode: 'plan', lock: 'false' })
        expect(outputs).toMatchObject({ outcome: 'planned', ...many.counts })
        expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024)
        expect(summary).not.toContain('\ufffd')
        expect(summary).toMatch(/😀\.\.\. \(\d+ characters\)/)
        expect(liveIn(summary)).toEqual([])
        const named = addressesIn(summary)
        expect(many.lost.filter((key) => !named.has(key))).toEqual([])
        expect(named.size + leftOutOf(summary)).toBe(2_000)
        expect(summary).toContain(`${outputs['replace']} to replace, ${outputs['destroy']} to destroy`)
        expect(summary).toMatch(/and those of \d+ more objects|parts? .* left out/)
      }
    }, 180_000)

    it('A7 51: the plan is for its owner alone, and gone however the step ends', async () => {
      const slow = await openSlowServer()
      try {
        const seen = watchModes(lab)
        expect((await lab.step({ mode: 'plan' })).outputs).toMatchObject({ outcome: 'planned' })
        expect(await oursIn(lab)).toEqual([])
        await lab.write(configuration(PRECONDITION_OF_ONE))
        expect((await lab.step({ mode: 'plan' })).outputs).toMatchObject({ 'failure-reason': 'plan-errored' })
        expect(await oursIn(lab)).toEqual([])
        await lab.write(configuration(waitingFor(slow.address)))
        const cancelled = await lab.step({ mode: 'plan' }, { end: { signal: 'SIGINT', when: slow.isAsked } })
        expect(cancelled.outputs).toMatchObject({ outcome: 'cancelled' })
        expect(await oursIn(lab)).toEqual([])
        slow.answer()
        lab.server.locks.clear()
        const killed = await lab.step({ mode: 'plan' }, { end: { signal: 'SIGKILL', when: slow.isAsked } })
        expect(await goneAfterPost(lab, killed)).toEqual([])
        // The tool, whose parent is gone, goes on to write its plan.
        slow.answer()
        await untilNobodyIsAtWork(lab)
        expect(await oursIn(lab)).toEqual([])
        await lab.write(configuration())
        lab.server.locks.clear()
        const late = await lab.step(
          { mode: 'plan' },
          { end: { signal: 'SIGKILL', when: hasPlan(lab, 'plan') } },
        )
        expect(await goneAfterPost(lab, late)).toEqual([])
        lab.server.locks.clear()
        const approved = await lab.planned()
        const replanning = await lab.step(approved, {
          end: { signal: 'SIGKILL', when: hasPlan(lab, 'again') },
        })
        expect(await goneAfterPost(lab, replanning)).toEqual([])
        expect(await seen.stop()).toEqual({ folders: ['700'], files: ['600'] })
      } finally {
        await slow.close()
      }
    }, 180_000)

    it('A7 52: hostile arguments in the environment, and inputs that look like flags, change nothing', async () => {
      const data = path.join(lab.job.temp, 'data')
      const trace = path.join(lab.job.temp, 'trace.log')
      const env = {
        ...{ TF_CLI_ARGS: '-no-such-flag', TF_CLI_ARGS_plan: '-destroy', TF_CLI_ARGS_apply: '-no-such-flag' },
        ...{ TF_WORKSPACE: 'other', TF_DATA_DIR: data, TF_LOG: 'trace', TF_LOG_PATH: trace },
      }
      const [folder, file] = ['infra, très grün/ß', 'va rs/a, b é.tfvars']
      await mkdir(path.join(lab.job.workspace, folder), { recursive: true })
      await mkdir(path.join(lab.job.workspace, 'va rs'))
      await writeFile(path.join(lab.job.workspace, folder, 'main.tf'), configuration(OTHER_VARIABLE))
      await writeFile(path.join(lab.job.workspace, file), 'other = "of the file"\n')
      const there = { path: folder, 'backend-config': backendOf(lab.server, 'eu') }
      const planned = await lab.step({ ...there, mode: 'plan', 'var-files': file }, { env })
      expect(planned.outputs).toMatchObject({ outcome: 'planned', add: '3', destroy: '0' })
      expect(planned.summary).toContain('of the file')
      for (const name of Object.keys(env))
        expect(planned.stdout).toMatch(
          new RegExp(`^::warning::.*\\b${name}\\b.* not handed to the tool`, 'm'),
        )
      const { 'plan-id': id = '', 'plan-sha256': digest = '' } = planned.outputs
      const approved = { ...there, mode: 'apply', 'plan-id': id, 'plan-sha256': digest }
      expect((await lab.step(approved, { env })).outputs).toMatchObject({ outcome: 'applied' })
      expect(await readdir(lab.job.temp)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(data|trace)/)]),
      )
      const flags = {
        ...{
          path: '-x',
          target: '-destroy',
          replace: '-destroy',
          workspace: '-force',
          'var-files': '-destroy',
        },
        ...{ 'backend-config': '-x=y', 'backend-config-files': '-x', protected: '-x', tool: '-chdir=/' },
      }
      const { outputs } = await lab.step({ ...flags, mode: 'plan' })
      expect(outputs['outcome']).toBe('invalid')
      for (const name of Object.keys(flags)) expect(outputs['reason']).toContain(`input \`${name}`)
      for (const names of ['va rs/a, b é.tfvars\n-destroy', 'va rs/a, b é.tfvars\nva rs -destroy']) {
        const refused = await lab.step({ mode: 'plan', 'var-files': names })
        expect(refused.outputs).toMatchObject({
          ...{ outcome: 'invalid', reason: expect.stringMatching(/var-files.*-destroy/) },
        })
      }
      expect(lab.stateOf('eu').resources.map(({ name }) => name)).toEqual(['first', 'second', 'third'])
    }, 120_000)
  })
})

/** Two objects, one of which has a secret. */
const configuration = (more = ''): string => `
terraform { 
  backend "http" {} 
}
variable "token" {
  sensitive = true
}
resource "terraform_data" "first" {
  input = "one"
}
resource "terraform_data" "second" {
  input = var.token
}
${more}
`
const PRECONDITION_OF_ONE = `
resource "terraform_data" "refused" {
  lifecycle {
    precondition {
      condition     = terraform_data.first.input == "two"
      error_message = "it is not two"
    }
  }
}
`
const OTHER_VARIABLE = `
variable "other" {}
output "other" { 
  value = var.other 
}
resource "terraform_data" "third" {
  input = var.other
}
`

/** What GitHub and its runner would obey, if anybody let them. */
const HOSTILE = [
  ...[
    '::error::evil',
    '::set-output name=evil::b',
    '::stop-commands::evil',
    '##[error]evil',
    '::add-mask::evil',
  ],
  ...['a\r::error::evil', '\u0085::error::evil', '::endgroup::', '::evil::', '##[set-output name=evil;]b'],
  ...['```', '````', '</details>', '@org/evil', '<script>alert("evil")</script>', '![x](http://evil/)'],
  ...['| evil | b |', '# evil', '<!-- evil', 'a\n\n# evil\n'],
]
const HOSTILE_LOCK = '@org/evil|<script>'

const HOSTILE_CONFIGURATION = `
terraform { 
  backend "http" {} 
}
variable "token" {
  sensitive = true
}
locals {
  hostile = ${quoted(HOSTILE.join('\n'))}
  each    = ${JSON.stringify(HOSTILE)}
}
resource "terraform_data" "values" {
  input = { all = local.hostile, each = local.each, keys = { for one in local.each : one => one } }
}
resource "terraform_data" "each" {
  for_each = toset(local.each)
  input    = each.value
}
resource "terraform_data" "prints" {
  depends_on = [terraform_data.each]
  input      = var.token
  provisioner "local-exec" {
    command     = "printf '%s\\n' \\"$SAID\\"; printf '%s\\n' \\"$SAID\\" >&2; exit 3"
    environment = { SAID = local.hostile }
  }
}
output "hostile" { 
  value = local.each
}
check "health" {
  assert {
    condition     = length(local.each) == 0
    error_message = local.hostile
  }
}
`

/**
 * What a step keeps of an apply for its post, where the tool has been killed, too.
 * @param before an apply of the same state
 */
async function killedApply(
  { job }: TerraformLab,
  tool: string,
  before: BundleResult,
): Promise<Record<string, string>> {
  const { home } = JSON.parse(before.state['apply'] ?? '{}') as { home?: unknown }
  const files = path.join(job.temp, 'plan-apply-killed')
  await mkdir(files)
  const said = HOSTILE.map((text) => ({
    type: 'apply_start',
    hook: { resource: { addr: text }, action: 'create' },
  }))
  await writeFile(
    path.join(files, 'stdout'),
    [...said.map((one) => JSON.stringify(one)), ...HOSTILE].join('\n'),
  )
  const program = { path: tool, kind: 'terraform', version: '1.11.4' }
  const apply = {
    // No process has the greatest number that there is.
    ...{ pid: 4_194_303, program, folder: path.join(job.workspace, 'infra'), files },
    ...{ began: new Date().toISOString(), toolSecrets: ['TF_VAR_token'], planKeySecret: 'PLAN_KEY' },
    ...{ store: 'file:plans', place: 'eu, prod-eu', varFiles: [], oidc: false, home },
  }
  return { started: 'true', apply: JSON.stringify(apply) }
}

/** Commands of ours have other names or other texts: none of them says this by itself. */
const OBEYED = /^\s*(::(error|add-mask|stop-commands)::evil|::set-output|::evil|##\[)/

/** The lines of a log that the runner takes for commands: it splits them at a carriage return, too, and obeys `##[` anywhere in one. */
function commandsIn(stdout: string): string[] {
  let token: string | undefined
  return stdout.split(/\r\n|\r|\n/).flatMap((line) => {
    const text = line.replace(/^[\s\u0085]+/, '')
    if (token !== undefined) {
      if (text === `::${token}::`) token = undefined
      return []
    }
    token = /^::stop-commands::([0-9a-f-]{36})$/.exec(text)?.[1]
    if (token !== undefined) return []
    if (text.startsWith('::')) return [text]
    return text.includes('##[') ? [text.slice(text.indexOf('##['))] : []
  })
}

/** What of a summary would be more than text when GitHub renders it, and what of its own would not be whole. */
function liveIn(summary: string): string[] {
  const problems: string[] = []
  let fence: string | undefined
  let columns = 0
  for (const line of summary.split(/\r\n|\r|\n/)) {
    const [, run] = /^(`{3,})\w*$/.exec(line) ?? []
    if (fence !== undefined) {
      if (run === fence && line === fence) fence = undefined
      continue
    }
    if (run !== undefined) {
      fence = run
      continue
    }
    // An escaped character is text.
    const text = line.replace(/\\[!-/:-@[-`{-~]/g, '')
    const bars = [...text.matchAll(/\|/g)].length
    if (text.startsWith('|')) {
      if (columns !== 0 && bars !== columns) problems.push(`a row of ${bars} bars: ${line}`)
      columns = bars
      if (!text.endsWith('|')) problems.push(`half a row: ${line}`)
    } else columns = 0
    if (/^ {0,3}(#(?!## (Plan|Apply)[ ,])|`{3}|~{3}|<!--)/.test(text)) problems.push(`a block: ${line}`)
    if (/<(?!\/?details>|\/?summary>)/.test(text)) problems.push(`HTML: ${line}`)
    if (/@\w/.test(text)) problems.push(`a mention: ${line}`)
    if (/\]\(|`/.test(text)) problems.push(`markup: ${line}`)
  }
  if (fence !== undefined) problems.push('a fence is not closed')
  const count = (pattern: RegExp): number => outsideFences(summary).match(pattern)?.length ?? 0
  if (count(/<details>/g) !== count(/<\/details>/g)) problems.push('details are not closed')
  return problems
}

const outsideFences = (summary: string): string => summary.replace(/^(`{3,})\w*\n[^]*?\n\1$/gm, '')

/**
 * Two thousand objects, of which more than half are replaced or deleted, with keys of a length. They are of many resources,
 * since the tools take minutes for as many of one.
 */
function manyObjects(length: number) {
  const keys = Array.from({ length: 2_000 }, (_, index) => String(index).padStart(4, '0').padEnd(length, 'é'))
  const of = (from: number, to: number) =>
    keys.slice(from, to).map((key, index) => ({ key, name: `many${index % RESOURCES}` }))
  const [replaced, deleted, updated, created] = [
    of(0, 900),
    of(900, 1_500),
    of(1_500, 1_700),
    of(1_700, 2_000),
  ]
  const names = Array.from({ length: RESOURCES }, (_, index) => `many${index}`)
  // Longer than a summary shows it, and it ends within a character that is two for JavaScript.
  const long = `é${'😀'.repeat(300)}`
  const keysOf = (name: string, ...objects: readonly (readonly { key: string; name: string }[])[]) =>
    objects.flat().flatMap((one) => (one.name === name ? [one.key] : []))
  const instance = (key: string) => ({
    index_key: key,
    schema_version: 0,
    attributes: {
      id: key.slice(0, 4),
      ...Object.fromEntries(
        ['input', 'output'].map((attribute) => [attribute, { value: `one${long}`, type: 'string' }]),
      ),
      triggers_replace: { value: 'one', type: 'string' },
    },
  })
  const resources = names.map((name) => ({
    ...{ mode: 'managed', type: 'terraform_data', name },
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances: keysOf(name, replaced, deleted, updated).map(instance),
  }))
  return {
    lost: [...replaced, ...deleted].map(({ key }) => key),
    counts: { add: '300', change: '200', destroy: '600', replace: '900' },
    state: JSON.stringify({
      ...{ version: 4, terraform_version: '1.5.0', serial: 1, lineage: 'a', outputs: {} },
      ...{ resources, check_results: null },
    }),
    configuration: `
terraform {
  backend "http" {}
}
${names
  .map(
    (name) => `
resource "terraform_data" "${name}" {
  for_each         = toset(${JSON.stringify(keysOf(name, replaced, updated, created))})
  input            = tonumber(substr(each.key, 0, 4)) < 900 ? "one${long}" : "two${long}"
  triggers_replace = tonumber(substr(each.key, 0, 4)) < 900 ? "two" : "one"
}`,
  )
  .join('')}
`,
  }
}
const RESOURCES = 40

/** The keys of the objects that a summary names outside of its attributes, each once. */
function addressesIn(summary: string): Set<string> {
  const found = [...outsideFences(summary).matchAll(/terraform\\_data\.many\d+\\\["(.*?)"\\\]/g)]
  expect(new Set(found.map(([, key]) => key)).size).toBe(found.length)
  return new Set(found.map(([, key = '']) => key))
}

/** How many a summary says that it leaves out of its addresses. */
const leftOutOf = (summary: string): number =>
  Number(/^and (\d+) more that are/m.exec(outsideFences(summary))?.[1] ?? 0)

/** A server that answers nobody until it is told to. */
async function openSlowServer() {
  const waiting = new Set<ServerResponse>()
  const { port, close } = await listenOnLoopback(createServer((_, response) => void waiting.add(response)))
  const answer = (): void => {
    for (const response of waiting) response.writeHead(404).end()
    waiting.clear()
  }
  return {
    address: `http://127.0.0.1:${port}`,
    isAsked: () => waiting.size > 0,
    answer,
    close() {
      answer()
      return close()
    },
  }
}

/** A state of others, which is read while it is planned. */
const waitingFor = (address: string): string => `
data "terraform_remote_state" "slow" {
  backend  = "http"
  config   = { address = ${quoted(address)} }
  defaults = { a = "b" }
}
`

/** When a plan is written, before anybody has read it. */
const hasPlan =
  (lab: TerraformLab, file: 'plan' | 'again'): NonNullable<BundleRun['end']>['when'] =>
  async () => {
    for (const folder of await oursIn(lab)) {
      const { size } = await stat(path.join(lab.job.temp, folder, file)).catch(() => ({ size: 0 }))
      if (size > 0) return true
    }
    return false
  }

/** Runs the post of a step that was killed. @returns what is left of the plan then */
async function goneAfterPost(lab: TerraformLab, killed: BundleResult): Promise<string[]> {
  expect(killed.exitCode).toBeNull()
  expect(await oursIn(lab)).not.toEqual([])
  const ended = await lab.step({}, { state: killed.state })
  expect(ended.exitCode).toBe(0)
  const left = await filesBeneath(lab.job.temp)
  const withSecret = leaksIn(left, { SECRET }).map(({ where }) => where)
  return [...withSecret, ...(await oursIn(lab))]
}

/** Waits until no program is left that was told of a folder of ours. */
async function untilNobodyIsAtWork(lab: TerraformLab): Promise<void> {
  const isAtWork = async (): Promise<boolean> => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const commands = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
    return (await Promise.all(commands)).some((command) =>
      command.includes(path.join(lab.job.temp, 'plan-apply-')),
    )
  }
  while (await isAtWork()) await sleep(100)
}

/** Who may read the folder of a step, and the plans in it, at any moment. */
function watchModes(lab: TerraformLab) {
  const [folders, files] = [new Set<string>(), new Set<string>()]
  const look = async (file: string, into: Set<string>): Promise<void> => {
    const found = await stat(file).catch(() => undefined)
    if (found) into.add((found.mode & 0o777).toString(8))
  }
  let stopped = false
  const watching = (async () => {
    while (!stopped) {
      for (const folder of await oursIn(lab)) {
        await look(path.join(lab.job.temp, folder), folders)
        for (const name of ['plan', 'again']) await look(path.join(lab.job.temp, folder, name), files)
      }
      await sleep(2)
    }
  })()
  return {
    async stop() {
      stopped = true
      await watching
      return { folders: [...folders], files: [...files] }
    },
  }
}
