/** An expression without its `${{ }}`; a text with expressions in it is a call of `format`. */
export class Expression {
  constructor(readonly text: string) {}
}

/** What a workflow or action file says, with its expressions still to be evaluated. */
export type Template = string | number | boolean | null | Expression | Template[] | TemplateMap

/** A mapping in the order of its file. */
export type TemplateMap = Map<string, Template>

/** A value as expressions see it. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }

/** The mapping, or an empty one for a key that is absent or null. */
export function mapping(template: Template | undefined): TemplateMap {
  return template instanceof Map ? template : new Map<string, Template>()
}

/** The list; a single value counts as a list of one, as in `needs: plan`. */
export function list(template: Template | undefined): Template[] {
  if (template === undefined || template === null) return []
  return Array.isArray(template) ? template : [template]
}

/** The literal text, or undefined for anything else. */
export function literal(template: Template | undefined): string | undefined {
  return typeof template === 'string' ? template : undefined
}
