import ts from 'typescript'

/** One small change of a source that tests should notice. */
export interface Mutant {
  id: number
  /** from the root of the repository */
  file: string
  /** name of the declaration that it lies in; empty at the top of a file */
  within: string
  line: number
  /** the source that is replaced, and what stands there instead; blanks as one */
  from: string
  to: string
  /** evaluated once for a process: it shows only in modules that are loaded anew */
  static: boolean
}

/** A source in which each mutant takes effect while `__mutant` says yes to its id. */
export interface Mutated {
  code: string
  mutants: Mutant[]
}

interface Change {
  to: string
  /** how it is shown where the change is more than an expression */
  shown?: { from: string; to: string }
}

const K = ts.SyntaxKind

const swapped = new Map<ts.SyntaxKind, string[]>([
  [K.LessThanToken, ['<=', '>=']],
  [K.LessThanEqualsToken, ['<', '>']],
  [K.GreaterThanToken, ['>=', '<=']],
  [K.GreaterThanEqualsToken, ['>', '<']],
  [K.EqualsEqualsEqualsToken, ['!==']],
  [K.ExclamationEqualsEqualsToken, ['===']],
  [K.AmpersandAmpersandToken, ['||']],
  [K.BarBarToken, ['&&']],
  [K.QuestionQuestionToken, ['&&']],
  [K.PlusToken, ['-']],
  [K.MinusToken, ['+']],
  [K.AsteriskToken, ['/']],
  [K.SlashToken, ['*']],
  [K.PercentToken, ['*']],
])

const methods = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['min', 'max'],
  ['max', 'min'],
  ['floor', 'ceil'],
  ['ceil', 'floor'],
  ['startsWith', 'endsWith'],
  ['endsWith', 'startsWith'],
])

/** Methods whose result is of the kind that they are called on. */
const dropped = new Set(['filter', 'slice', 'toSorted', 'trim', 'toLowerCase', 'toReversed'])

/** What is only told: texts of errors, lines of the log. */
const telling = /^(log|watch\.log|ports\.log|this\.log|core)\.|\blog\.(info|warning|error|notice|debug)$/

/**
 * Puts all mutants of a source into it, each beside what it replaces.
 * @param first the id of the first mutant
 */
export function mutate(file: string, text: string, first: number): Mutated {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2024, true)
  const mutants: Mutant[] = []

  const raw = (node: ts.Node): string => text.slice(node.getStart(source), node.end)

  const mark = (node: ts.Node, { to, shown }: Change): number => {
    const id = first + mutants.length
    const short = (code: string) => code.replace(/\s+/g, ' ').trim()
    mutants.push({
      id,
      file,
      within: nameAround(node),
      line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
      from: short(shown?.from ?? raw(node)),
      to: short(shown?.to ?? to),
      static: isStatic(node),
    })
    return id
  }

  /** The text of a node with the mutants of everything in it. */
  const inner = (node: ts.Node): string => {
    let out = ''
    let at = node.getStart(source)
    ts.forEachChild(node, (child) => {
      const start = child.getStart(source)
      out += text.slice(at, start) + print(child)
      at = child.end
    })
    return out + text.slice(at, node.end)
  }

  const print = (node: ts.Node): string => {
    if (left(node)) return raw(node)
    if (ts.isExpressionStatement(node)) return statement(node)
    if (ts.isBlock(node)) return block(node)
    const changes = expressionChanges(node, raw)
    if (changes.length === 0) return inner(node)
    const cases = changes.map((change) => `__mutant(${mark(node, change)})?(${change.to}):`)
    const whole = `(${cases.join('')}(${inner(node)}))`
    return ts.isShorthandPropertyAssignment(node.parent) ? raw(node) : whole
  }

  const statement = (node: ts.ExpressionStatement): string => {
    if (told(node.expression)) return inner(node)
    const id = mark(node, { to: '', shown: { from: raw(node), to: '(removed)' } })
    return `{if(!__mutant(${id})){${inner(node)}}}`
  }

  const block = (node: ts.Block): string => {
    const [only, ...more] = node.statements
    const emptied = only && !(more.length === 0 && ts.isExpressionStatement(only))
    if (!emptied || ts.isConstructorDeclaration(node.parent) || ts.isTryStatement(node.parent))
      return inner(node)
    const body = inner(node)
    const shown = { from: `{ ${raw(only).split('\n')[0]} ...`, to: '{}' }
    const id = mark(node, { to: '{}', shown })
    return ts.isFunctionLike(node.parent)
      ? `{if(__mutant(${id}))return;${body.slice(1)}`
      : `{if(!__mutant(${id}))${body}}`
  }

  const body = source.statements.map((node) => (isOnlyTyped(node) ? raw(node) : print(node)))
  return { code: `const __mutant=globalThis.__mutants.active;${body.join('\n')}\n`, mutants }

  function nameAround(node: ts.Node): string {
    for (let at: ts.Node | undefined = node.parent; at; at = at.parent) {
      if (ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at)) return at.name?.getText(source) ?? ''
      if (!ts.isVariableDeclaration(at) && !ts.isPropertyAssignment(at)) continue
      const outermost = ts.isVariableDeclaration(at) && ts.isSourceFile(at.parent.parent.parent)
      if (outermost || (at.initializer && ts.isFunctionLike(at.initializer))) return at.name.getText(source)
    }
    return ''
  }
}

/** Everything that can replace an expression. */
function expressionChanges(node: ts.Node, raw: (node: ts.Node) => string): Change[] {
  const changes: Change[] = []
  const add = (to: string): void => void changes.push({ to })
  if (isCondition(node)) {
    if (!isLoop(node.parent)) add('true')
    add('false')
  }
  if (ts.isBinaryExpression(node)) {
    const { left, operatorToken, right } = node
    if (!(operatorToken.kind === K.PlusToken && (isText(left) || isText(right))))
      for (const operator of swapped.get(operatorToken.kind) ?? [])
        add(`(${raw(left)}) ${operator} (${raw(right)})`)
  } else if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === K.ExclamationToken || node.operator === K.MinusToken) add(raw(node.operand))
  } else if (node.kind === K.TrueKeyword) add('false')
  else if (node.kind === K.FalseKeyword) add('true')
  else if (ts.isNumericLiteral(node)) {
    if (!standsIn(node)) add(Number(node.text) === 0 ? '1' : '0')
  } else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    if (isCode(node.text) && !isKey(node)) add("''")
  } else if (ts.isTemplateExpression(node)) {
    if (
      [node.head, ...node.templateSpans.map(({ literal }) => literal)].every(({ text }) => !/\s/.test(text))
    )
      if (!isTold(node)) add("''")
  } else if (ts.isArrayLiteralExpression(node) && node.elements.length > 0 && !isTarget(node)) add('[]')
  else if (
    ts.isObjectLiteralExpression(node) &&
    node.properties.length > 0 &&
    !isTarget(node) &&
    !namesTold(node)
  )
    add('{}')
  else if (ts.isArrowFunction(node) && !ts.isBlock(node.body) && raw(node.body) !== 'undefined')
    add('() => undefined')
  else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { expression, name, questionDotToken } = node.expression
    const other = methods.get(name.text)
    const args = `(${node.arguments.map(raw).join(', ')})`
    const dot = questionDotToken ? '?.' : '.'
    if (!insideChain(node)) {
      if (other !== undefined) add(`${raw(expression)}${dot}${other}${args}`)
      if (dropped.has(name.text)) add(raw(expression))
    }
  }
  if ((ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) && node.questionDotToken)
    if (!insideChain(node) && !isCalled(node))
      add(
        ts.isPropertyAccessExpression(node)
          ? `${raw(node.expression)}.${raw(node.name)}`
          : `${raw(node.expression)}[${raw(node.argumentExpression)}]`,
      )
  return isStringOnly(node) && isTold(node) ? [] : changes
}

const isStringOnly = (node: ts.Node): boolean =>
  ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)

/** A condition on its own, whatever it is made of. */
function isCondition(node: ts.Node): boolean {
  const { parent } = node
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node && node.kind !== K.TrueKeyword
  return (ts.isConditionalExpression(parent) || ts.isForStatement(parent)) && parent.condition === node
}

const isLoop = (node: ts.Node): boolean => ts.isIterationStatement(node, false)

/** A text with a blank is for people. */
const isCode = (text: string): boolean => text !== '' && !/\s/.test(text) && /[\w]/.test(text)

const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)

/** A literal that names something instead of being a value. */
function isKey(node: ts.StringLiteralLike): boolean {
  const { parent } = node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isLiteralTypeNode(parent)
}

/** In the text of an error or in a line of the log. */
function isTold(node: ts.Node): boolean {
  for (let at = node.parent; !ts.isSourceFile(at) && !ts.isBlock(at); at = at.parent) {
    if (ts.isThrowStatement(at) || (ts.isCallExpression(at) && told(at))) return true
    // What an error hands on to the one that it extends.
    if (ts.isCallExpression(at) && at.expression.kind === K.SuperKeyword) return true
    if (ts.isNewExpression(at) && /Error|Conflict|NotInEffect|Unreadable/.test(at.expression.getText()))
      return true
    if (ts.isTemplateSpan(at)) return true
  }
  return false
}

/** Of an error nothing but whom it is about. */
function namesTold(node: ts.ObjectLiteralExpression): boolean {
  const [only, ...more] = node.properties
  return only?.name?.getText() === 'provider' && more.length === 0 && isTold(node)
}

/** The number for an index that the compiler cannot follow; whether it is ever taken is asked of the `??` before it. */
function standsIn(node: ts.Node): boolean {
  const { parent } = node
  return (
    ts.isBinaryExpression(parent) &&
    parent.operatorToken.kind === K.QuestionQuestionToken &&
    parent.right === node &&
    ts.isElementAccessExpression(parent.left)
  )
}

function told(node: ts.Node): boolean {
  return ts.isCallExpression(node) && telling.test(node.expression.getText())
}

/** The left side of an assignment, or a pattern. */
function isTarget({ parent }: ts.Node): boolean {
  return (
    (ts.isBinaryExpression(parent) &&
      parent.operatorToken.kind === K.EqualsToken &&
      isPattern(parent.left)) ||
    (ts.isForOfStatement(parent) && isPattern(parent.initializer))
  )
}

const isPattern = (node: ts.Node): boolean =>
  ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node)

/** What follows it belongs to the same optional chain, which must not be cut. */
function insideChain(node: ts.Node): boolean {
  const { parent } = node
  return (
    (ts.isPropertyAccessExpression(parent) ||
      ts.isElementAccessExpression(parent) ||
      ts.isCallExpression(parent)) &&
    parent.expression === node &&
    (parent.flags & ts.NodeFlags.OptionalChain) !== 0
  )
}

const isCalled = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && node.parent.expression === node

/** Left as it is with all that is in it. */
function left(node: ts.Node): boolean {
  if (ts.isTypeNode(node) || ts.isTypeParameterDeclaration(node) || ts.isPropertyName(node)) {
    // A name is left, a literal in the place of a value is not.
    const { parent } = node
    const names = 'name' in parent && parent.name === node
    return ts.isTypeNode(node) || ts.isIdentifier(node) || names
  }
  return isOnlyTyped(node) || ts.isHeritageClause(node)
}

const isOnlyTyped = (node: ts.Node): boolean =>
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node)

/** Outside of every function, or in what is made once by `lazily`. */
function isStatic(node: ts.Node): boolean {
  // A function is made where it stands: what is in it, whenever it is called.
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isCallExpression(at) && at.expression.getText() === 'lazily') return true
    if (ts.isFunctionLike(at) && !isInLazily(at)) return false
  }
  return true
}

function isInLazily(node: ts.Node): boolean {
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent)
    if (ts.isCallExpression(at) && at.expression.getText() === 'lazily') return true
  return false
}
