import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { buildSchema, isInputObjectType, isObjectType, type GraphQLSchema } from 'graphql'
import { testGitHub, type TestGitHub } from './emulator.fixture'
import { SCHEMA } from './graphql'

let world: TestGitHub
beforeEach(async () => {
  world = await testGitHub()
})
afterEach(() => world.close())

/** Every field and argument of the types that a schema has, as text: `Deployment.task: String`. */
function facts(schema: GraphQLSchema, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of names) {
    const type = schema.getType(name)
    if (!isObjectType(type) && !isInputObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      found.set(`${name}.${field.name}`, String(field.type))
      for (const { name: argument, type: wanted } of 'args' in field ? field.args : [])
        found.set(`${name}.${field.name}(${argument})`, String(wanted))
    }
  }
  return found
}

async function ask(query: string, permissions: Parameters<TestGitHub['begin']>[0] = { deployments: 'read' }) {
  const { job } = world.begin(permissions)
  const response = await fetch(`${world.github.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${job.token}` },
    body: JSON.stringify({ query }),
  })
  return (await response.json()) as { data: unknown; errors?: { type: string; message: string }[] }
}
const deployments = (rest: string, fields = 'nodes { task }'): string =>
  `{ repository(owner: "acme", name: "shop") { deployments(${rest}) { ${fields} } } }`

describe('the schema', () => {
  it("is part of GitHub's own", async () => {
    const file = new URL('../../../node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url)
    const ours = buildSchema(SCHEMA)
    const names = Object.keys(ours.getTypeMap()).filter((name) => !name.startsWith('__'))
    const theirs = facts(buildSchema(await readFile(file, 'utf8'), { assumeValidSDL: true }), names)
    const wanted = facts(ours, names)
    expect(wanted.size).toBeGreaterThan(15)
    for (const [name, type] of wanted) expect([name, theirs.get(name)]).toEqual([name, type])
  })
})

describe('deployments', () => {
  it('come a page at a time, newest first, each with its newest status', async () => {
    const { job } = world.begin({ deployments: 'write' })
    const body = { ref: 'main', auto_merge: false, required_contexts: [], environment: 'e' }
    for (const task of ['a', 'b', 'c'])
      await world.send(job, 'POST /deployments', { ...body, task, payload: {} })
    const [newest] = world.github.deployments
    for (const description of ['open', 'committed: all on green'])
      await world.send(job, `POST /deployments/${newest?.id}/statuses`, { state: 'success', description })
    const fields = 'nodes { task latestStatus { description } } pageInfo { endCursor hasNextPage }'
    const order = 'orderBy: { field: CREATED_AT, direction: DESC }'
    const first = await ask(deployments(`first: 2, ${order}`, fields))
    expect(first.data).toMatchObject({
      repository: {
        deployments: {
          nodes: [
            { task: 'c', latestStatus: { description: 'committed: all on green' } },
            { task: 'b', latestStatus: null },
          ],
          pageInfo: { hasNextPage: true },
        },
      },
    })
    const { repository } = first.data as {
      repository: { deployments: { pageInfo: { endCursor: string } } }
    }
    const after = repository.deployments.pageInfo.endCursor
    expect((await ask(deployments(`first: 2, after: "${after}", ${order}`, fields))).data).toMatchObject({
      repository: { deployments: { nodes: [{ task: 'a' }], pageInfo: { hasNextPage: false } } },
    })
  })

  it.each<[string, string, Parameters<TestGitHub['begin']>[0], string]>([
    ['without a length', deployments('after: "x"'), undefined, 'You must provide a `first` or `last` value'],
    ['too many', deployments('first: 101'), undefined, 'exceeds the `first` limit of 100 records'],
    ['without the permission', deployments('first: 1'), {}, 'Resource not accessible by integration'],
    [
      'a field that is not there',
      deployments('first: 1', 'nodes { tasks }'),
      undefined,
      'Cannot query field',
    ],
    [
      'of another repository',
      '{ repository(owner: "acme", name: "till") { deployments(first: 1) { totalCount } } }',
      undefined,
      "Could not resolve to a Repository with the name 'acme/till'.",
    ],
  ])('are refused %s', async (_, query, permissions, message) => {
    const { errors = [] } = await ask(query, permissions)
    expect(errors[0]?.message).toContain(message)
  })
})
