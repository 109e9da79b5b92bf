import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import {
  standardOutputs,
  type ActionSchemas,
  type InputSchema,
  type OutputSchema,
} from '@deploy-actions/action-kit'
import { suite, type ActionName } from '../../actions/suite'
import { actionFolder, readActionFile, type ActionFile } from '../../packages/release-kit/src/action-file'
import { withTables } from '../../packages/release-kit/src/action-tables'

/** Defaults that only GitHub can fill. */
const expressions: Record<string, string> = {
  'github-token': '${{ github.token }}',
  'job-id': '${{ job.check_run_id }}',
}

const templates = readdirSync('workflows-templates').filter((file) => file.endsWith('.yml'))
const names = Object.keys(suite) as ActionName[]
type Schemas = ActionSchemas<InputSchema, OutputSchema>
const actions = {} as Record<ActionName, { schemas: Schemas; file: ActionFile; readme: string }>

beforeAll(async () => {
  for (const name of names) {
    actions[name] = {
      schemas: await suite[name].schemas(),
      file: await readActionFile(name),
      readme: await readFile(join(actionFolder(name), 'README.md'), 'utf8'),
    }
  }
})

describe.each(names)('%s', (name) => {
  it('has the same inputs in its schema and in action.yml, required where the schema says', () => {
    const { schemas, file } = actions[name]
    const required = Object.entries(schemas.inputs.shape).map(([key, schema]) => [
      key,
      !schema.safeParse(undefined).success,
    ])
    expect(Object.entries(file.inputs).map(([key, input]) => [key, input.required])).toEqual(required)
  })

  it('has the defaults of its schema in action.yml', () => {
    const { schemas, file } = actions[name]
    for (const [key, input] of Object.entries(file.inputs)) {
      if (input.required) expect({ key, default: input.default }).toEqual({ key, default: undefined })
      else if (key in expressions)
        expect({ key, default: input.default }).toEqual({ key, default: expressions[key] })
      else
        expect({ key, value: read(schemas, key, input.default) }).toEqual({
          key,
          value: read(schemas, key, undefined),
        })
    }
  })

  it('names every choice of an input or output and says what each of them means', () => {
    const { schemas, file } = actions[name]
    const described = [
      ...Object.entries(schemas.inputs.shape).map(
        ([key, schema]) => [key, schema, file.inputs[key]] as const,
      ),
      ...Object.entries(schemas.outputs.shape).map(
        ([key, schema]) => [key, schema, file.outputs[key]] as const,
      ),
    ]
    const missing = described.flatMap(([key, schema, { description } = { description: '' }]) =>
      choicesOf(schema).flatMap((choice) =>
        // One word of several may stand for none of them: `failed` in `rollback-failed`.
        new RegExp(`(?<![\\w-])${choice}(?![\\w-])`).test(description) ? [] : [`${key}: ${choice}`],
      ),
    )
    expect(missing).toEqual([])
    for (const { description } of [...Object.values(file.inputs), ...Object.values(file.outputs)])
      expect(description).toMatch(/\w{2}/)
  })

  it('has the same outputs in its schema and in action.yml, and names every outcome', () => {
    const { schemas, file, readme } = actions[name]
    expect(Object.keys(file.outputs)).toEqual([
      ...Object.keys(schemas.outputs.shape),
      ...Object.keys(standardOutputs.shape),
    ])
    const outcomes = choicesOf(schemas.outputs.shape['outcome'] as z.ZodType)
    expect(outcomes.length).toBeGreaterThan(3)
    for (const outcome of outcomes) expect(readme).toContain(`\`${outcome}\``)
  })

  it('is put together from its own folder', async () => {
    const table = await readFile('actions/suite.ts', 'utf8')
    const [, entry = ''] = table.split(new RegExp(`^  '?${name}'?: action`, 'm'))
    const [own = ''] = entry.split('\n  }),\n')
    expect([...new Set([...own.matchAll(/import\('\.\/([a-z-]+)\//g)].map(([, folder]) => folder))]).toEqual([
      name,
    ])
  })

  it('runs from the stub, with a post where it has one', () => {
    const { file } = actions[name]
    expect(file.runs).toEqual({
      using: 'node24',
      main: 'dist/index.js',
      ...(suite[name].hasPost ? { post: 'dist/index.js' } : {}),
    })
  })

  it('has a README whose tables are fresh and whose examples use it as it is', () => {
    const { schemas, file, readme } = actions[name]
    expect(withTables(readme, file, schemas.inputs)).toBe(readme)
    const examples = [...readme.matchAll(/```yaml\n([^]*?)```/g)].flatMap(
      ([, text = '']) => parse(text) as Step[],
    )
    expect(examples.map(({ uses }) => actionOf(uses))).toContain(name)
    for (const example of examples) expectKnownInputs(example)
  })
})

describe.each(templates)('workflows-templates/%s', (template) => {
  it('gives our actions inputs that they have, and reads outputs that they have', async () => {
    const text = await readFile(join('workflows-templates', template), 'utf8')
    const jobs = Object.values((parse(text) as { jobs: Record<string, Job> }).jobs)
    const steps = jobs.flatMap((job) => job.steps ?? [])
    expect(steps.filter(({ uses }) => actionOf(uses) !== undefined)).not.toEqual([])
    for (const step of steps) expectKnownInputs(step)
    for (const job of jobs) expectKnownOutputs(job)
  })

  it('hands the secrets to every step that can take them: its post may have to restore an authenticated router', async () => {
    const text = await readFile(join('workflows-templates', template), 'utf8')
    const steps = Object.values((parse(text) as { jobs: Record<string, Job> }).jobs).flatMap(
      (job) => job.steps ?? [],
    )
    const without = steps.filter(({ uses, with: given }) => {
      const name = actionOf(uses)
      return name !== undefined && 'secrets' in actions[name].file.inputs && given?.['secrets'] === undefined
    })
    expect(without).toEqual([])
  })
})

it('has one YAML document in every action.yml', async () => {
  for (const name of names)
    expect(parseAllDocuments(await readFile(join(actionFolder(name), 'action.yml'), 'utf8'))).toHaveLength(1)
})

interface Step {
  id?: string
  uses?: string
  with?: Record<string, unknown>
}
interface Job {
  steps?: Step[]
}

/** What the action makes of an input; nothing is nothing, whatever its type. */
function read(schemas: Schemas, key: string, text: string | undefined): unknown {
  const value = schemas.inputs.shape[key]?.parse(text)
  const nothing =
    value === undefined ||
    value === '' ||
    (Array.isArray(value) && value.length === 0) ||
    (value instanceof Map && value.size === 0)
  return nothing ? undefined : value
}

function choicesOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String)
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? choicesOf(schema.unwrap() as z.ZodType)
    : []
}

function actionOf(uses: string | undefined): ActionName | undefined {
  const name = /^(?:\$|OWNER\/deploy-actions)\/([a-z-]+)(?:@v1)?$/.exec(uses ?? '')?.[1]
  if (name !== undefined && !names.includes(name as ActionName)) throw new Error(`there is no action ${name}`)
  return name as ActionName | undefined
}

function expectKnownInputs({ uses, with: given = {} }: Step): void {
  const name = actionOf(uses)
  if (name === undefined) return
  const { inputs } = actions[name].file
  expect({ name, unknown: Object.keys(given).filter((key) => !(key in inputs)) }).toEqual({
    name,
    unknown: [],
  })
  expect({
    name,
    missing: Object.keys(inputs).filter((key) => inputs[key]?.required === true && !(key in given)),
  }).toEqual({ name, missing: [] })
  for (const [key, value] of Object.entries(given)) {
    const choices = choicesOf(actions[name].schemas.inputs.shape[key] as z.ZodType)
    if (choices.length > 0 && !String(value).includes('${{'))
      expect({ key, choices }).toEqual({ key, choices: expect.arrayContaining([value]) })
  }
}

function expectKnownOutputs(job: Job): void {
  for (const [, id, output = ''] of JSON.stringify(job).matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
    const step = job.steps?.find((candidate) => candidate.id === id)
    const name = actionOf(step?.uses)
    if (name === undefined)
      throw new Error(`steps.${id} is not a step of the job that runs one of our actions`)
    expect({ id, known: Object.keys(actions[name].file.outputs) }).toEqual({
      id,
      known: expect.arrayContaining([output]),
    })
  }
}
