import type { ParsedFile } from './github-parser'
import { Expression, literal, mapping, type Template } from './template'
import { unsupported } from './workflow-error'

/** An action that runs under Node. */
export interface ActionFile {
  name: string
  /** Defaults may hold expressions over github, job, matrix, strategy and runner. */
  inputs: { name: string; default: Template | undefined; deprecationMessage: string | undefined }[]
  /** Paths below the action's folder. */
  main: string
  post: string | undefined
  postIf: Expression
}

/** Reads an action.yml; anything but a plain `node24` action is added to `findings`, by name. */
export function readActionFile(file: ParsedFile, findings: string[]): ActionFile {
  const root = mapping(file.root)
  const runs = mapping(root.get('runs'))
  const using = literal(runs.get('using')) ?? ''
  if (using !== 'node24')
    findings.push(`${file.position(['runs', 'using'])}: ${unsupported(`An action with 'using: ${using}'`)}`)
  if (runs.has('pre'))
    findings.push(`${file.position(['runs', 'pre'])}: ${unsupported(`'pre' of an action`)}`)
  const postIf = runs.get('post-if')
  return {
    name: literal(root.get('name')) ?? '',
    inputs: [...mapping(root.get('inputs'))].map(([name, input]) => ({
      name,
      default: mapping(input).get('default'),
      deprecationMessage: literal(mapping(input).get('deprecationMessage')),
    })),
    main: literal(runs.get('main')) ?? '',
    post: literal(runs.get('post')),
    postIf: postIf instanceof Expression ? postIf : new Expression(literal(postIf) ?? 'always()'),
  }
}
