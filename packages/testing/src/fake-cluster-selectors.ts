type Labels = Record<string, string>

const EQUALS = /^([^=!\s]+)\s*(==?|!=)\s*([^=!\s]*)$/
const IN = /^(\S+)\s+(in|notin)\s+\(([^()]*)\)$/
const EXISTS = /^(!?)\s*([^=!\s()]+)$/

/** Whether labels are selected, by the language of `labelSelector`. Undefined where it is not in that language. */
export function selects(selector: string, labels: Labels = {}): boolean | undefined {
  // Commas separate, but not those within parentheses.
  const terms = selector.split(/,(?![^(]*\))/).map((term) => term.trim())
  const answers = terms.filter((term) => term !== '').map((term) => holds(term, labels))
  return answers.includes(undefined) ? undefined : !answers.includes(false)
}

function holds(term: string, labels: Labels): boolean | undefined {
  const equals = EQUALS.exec(term)
  if (equals) return (labels[equals[1] ?? ''] === equals[3]) === (equals[2] !== '!=')
  const among = IN.exec(term)
  if (among) {
    const values = (among[3] ?? '').split(',').map((value) => value.trim())
    return values.includes(labels[among[1] ?? ''] ?? '') === (among[2] === 'in')
  }
  const exists = EXISTS.exec(term)
  return exists ? (exists[2] ?? '') in labels === (exists[1] === '') : undefined
}
