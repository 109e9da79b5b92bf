import { inputMeta, type InputSchema } from '@deploy-actions/action-kit'
import type { ActionFile } from './action-file'
import { between, table } from './markdown-table'

/**
 * Writes the tables of inputs and outputs between the markers of a README.
 * @throws Error for a key without a description, or a README without markers
 */
export function withTables(readme: string, file: ActionFile, inputs: InputSchema): string {
  const rows = Object.entries(file.inputs).map(([key, input]) => {
    const schema = inputs.shape[key]
    const { example, secret } = schema ? inputMeta(schema) : {}
    const more = [
      ...(example === undefined ? [] : [`for example \`${example}\``]),
      ...(secret === true ? ['never shown or recorded'] : []),
    ]
    const standard = input.required
      ? '**required**'
      : input.default === undefined
        ? ''
        : `\`${input.default}\``
    return [`\`${key}\``, standard, [described(key, input), ...more].join('; ')]
  })
  const outputs = Object.entries(file.outputs).map(([key, output]) => [`\`${key}\``, described(key, output)])
  const filled = between(readme, 'inputs', table(['Input', 'Default', 'Meaning'], rows))
  return between(filled, 'outputs', table(['Output', 'Meaning'], outputs))
}

function described(key: string, { description }: { description: string }): string {
  if (description.trim() === '') throw new Error(`${key} has no description`)
  return description
}
