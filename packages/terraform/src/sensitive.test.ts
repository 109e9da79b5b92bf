import { describe, expect, it } from '@jest/globals'
import { attributeChangesOf } from './attributes'
import { changesOf } from './changes'
import { planOf, planWith } from './plans.fixture'
import { HIDDEN, SensitiveTexts, sensitiveTextsOf } from './sensitive'

/** What is shown of each object of a plan, by its address. */
function shownOf(name: string): Record<string, unknown> {
  const plan = planOf(name)
  const secrets = sensitiveTextsOf(plan)
  return Object.fromEntries(
    changesOf(plan).map(({ address, planned }) => [
      address,
      Object.fromEntries(
        attributeChangesOf(planned.change, secrets)
          .filter(({ after }) => after !== '(known after apply)')
          .map(({ path, before, after }) => [path, before === undefined ? after : [before, after]]),
      ),
    ]),
  )
}

describe('what is sensitive', () => {
  it('A7 48: is hidden by its mark, wherever that is, and by its text elsewhere', () => {
    expect(shownOf('sensitive-shapes')).toEqual({
      'terraform_data.cnt': { input: HIDDEN },
      // by nonsensitive(), without a mark
      'terraform_data.derived': { input: JSON.stringify(HIDDEN) },
      'terraform_data.interp': { input: HIDDEN },
      // as the key of a map, where there are no marks
      'terraform_data.keyed': { [`input.${HIDDEN}`]: '1' },
      'terraform_data.list': {
        'input[0]': '"plain"',
        'input[1]': HIDDEN,
        'input[2].k': HIDDEN,
        'input[2].n': '1',
      },
      'terraform_data.setv': { input: HIDDEN },
      'terraform_data.whole': { input: HIDDEN },
    })
  })

  it.each([
    ['sensitive-shapes', ['T0P', 'S-A', 'S-B1', 'S-B2']],
    ['create-with-sensitive', ['s3cr3t-value-XYZ']],
    ['update-replace', ['s3cr3t-value-XYZ']],
    ['no-changes', ['s3cr3t-value-XYZ']],
    ['aws-drift', ['provider-sensitive-VALUE-123']],
    ['aws-drift-refresh-only', ['provider-sensitive-VALUE-123']],
  ])('A7 48: is found in %s, in whichever of the places it is', (name, values) => {
    const secrets = sensitiveTextsOf(planOf(name))
    for (const value of values) expect(secrets.clean(`a ${value} b`)).toBe(`a ${HIDDEN} b`)
    expect(JSON.stringify(shownOf(name))).not.toMatch(new RegExp(values.join('|')))
  })

  it('is found in the default of a variable of a module, and in what the step knows', () => {
    const plan = {
      ...planWith({}),
      configuration: {
        root_module: {
          module_calls: {
            db: {
              module: {
                variables: {
                  password: { sensitive: true, default: 'swordfish' },
                  size: { default: 'large' },
                },
              },
            },
          },
        },
      },
    }
    const secrets = sensitiveTextsOf(plan, ['of-the-step'])
    expect([secrets.has('swordfish'), secrets.has('of-the-step'), secrets.has('large')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('does not blank what is as short as a word, or no secret: yes, no and nothing', () => {
    const secrets = new SensitiveTexts(['ab', 'true', '', 'abc'])
    expect([
      secrets.clean('ab'),
      secrets.clean('tab'),
      secrets.clean('true'),
      secrets.clean('xabcx'),
    ]).toEqual([HIDDEN, 'tab', 'true', `x${HIDDEN}x`])
  })

  it('of JSON is hidden in its parts, too, and as a shell quotes it', () => {
    const secrets = new SensitiveTexts([
      '{"user":"app","password":"hunter22hunter"}',
      "it's-a-secret-42",
      '{no JSON',
    ])
    expect(secrets.clean('app hunter22hunter')).toBe(`app ${HIDDEN}`)
    expect(secrets.clean(`+ echo 'it'\\''s-a-secret-42'`)).toBe(`+ echo '${HIDDEN}'`)
  })

  it('is shown by a text that holds it, unless it is a short word', () => {
    const secrets = new SensitiveTexts(['app', 'r00t!', 'swordfish'])
    const shown = ['app', 'app.example.com', 'postgres://x:r00t!@db', 'https://a:swordfish@db', 'fish']
    expect(shown.map((text) => secrets.isShownBy(text))).toEqual([true, false, true, true, false])
  })

  it('of several lines is hidden line by line, and the longest first', () => {
    const secrets = new SensitiveTexts([
      '-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n-----END KEY-----',
      'pass',
      'password',
    ])
    expect(secrets.clean('a MIIEowIBAAKCAQEA b')).toBe(`a ${HIDDEN} b`)
    expect(secrets.clean('password')).toBe(HIDDEN)
  })
})

describe('what changes of an object', () => {
  it('is told attribute by attribute, with what forces its replacement', () => {
    expect(
      attributeChangesOf(
        {
          actions: ['delete', 'create'],
          before: { zone: 'a', tags: { 'a.b': '1', keep: 'x' }, rules: [{ port: 80 }] },
          after: { zone: 'b', tags: { 'a.b': '2', keep: 'x' }, rules: [{ port: 80 }, { port: 443 }] },
          after_unknown: { id: true },
          replace_paths: [['zone']],
        },
        new SensitiveTexts([]),
      ),
    ).toEqual([
      { path: 'zone', kind: 'change', before: '"a"', after: '"b"', forcesReplacement: true },
      { path: 'tags["a.b"]', kind: 'change', before: '"1"', after: '"2"' },
      { path: 'rules[1].port', kind: 'add', after: '443' },
      { path: 'id', kind: 'add', after: '(known after apply)' },
    ])
  })
})
