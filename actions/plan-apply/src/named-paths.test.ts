import { describe, expect, it } from '@jest/globals'
import { namedPaths } from './named-paths'

function pathsIn(text: string, isConfiguration: boolean): readonly string[] | 'anywhere' {
  const named = namedPaths(text, isConfiguration)
  return named === 'anywhere' ? named : named.paths
}

describe('the paths that lead out of a folder', () => {
  it.each([
    ['source = "../vpc"', '../vpc'],
    ['source = ".."', '..'],
    ['"source": "../.."', '../..'],
    ['source = "../../modules//vpc"', '../../modules//vpc'],
    ['file("modules/../../x.json")', 'modules/../../x.json'],
    ['file("./../x.json")', '../x.json'],
    ['file("${path.module}/../x.json")', '../x.json'],
    ['file("${ path.root }/a/../../x.json")', 'a/../../x.json'],
    ['file("${path.cwd}/../x.json")', '../x.json'],
    ['file("${abspath(path.module)}/../x.json")', '../x.json'],
    ['dir = "${path.module}/.."', '..'],
    ['join("", [local.here, "/../x"])', '../x'],
    ['file("../policies/${var.region}.json")', '../policies/'],
    ['file("../policies/of-${var.region}.json")', '../policies/'],
    ['fileset(path.module, "../*/x.json")', '../'],
    ['file("../${var.region}")', '../'],
    ['file("${path.module}/..${var.rest}")', '..'],
    ['format("../policies/%s.json", var.region)', '../policies/'],
    ['file("../prüfung/größe.json")', '../prüfung/größe.json'],
    [String.raw`"command": "set -e\n../run.sh \"../a\""`, '../run.sh', '../run.sh ', '../a'],
    ['["../a", "../b"]', '../a', '../b'],
  ])('in %s', (text, ...paths) => expect(pathsIn(text, true)).toEqual(paths))

  it.each([
    ['file("../a b/c d.json")', ['../a', '../a b/c d.json']],
    ['file("../a b/${var.x}.json")', ['../a', '../a b/']],
    ['command = "cd ../a && ./b"', ['../a', '../a && ./b']],
    ["path: '../a' # as it is", ['../a', "../a' # as it is"]],
    ['paths: [../a, ../b]', ['../a', '../a, ../b]', '../b', '../b]']],
  ])('in %s, which may end sooner or later', (text, paths) => expect(pathsIn(text, false)).toEqual(paths))

  it.each([
    'file("${path.module}/x.json")',
    'dir = path.module',
    'dir = "${path.module}"',
    'for_each = fileset(path.module, "*.json")',
    'name = basename(abspath(path.module))',
    'args = concat(var.list...)',
    '"a..b", "a../b", "...", "v1...v2"',
  ])('are none in %s', (text) => expect(pathsIn(text, true)).toEqual([]))

  it.each([
    'file("${var.base}/../x.json")',
    'file("${local.base}/a/../x.json")',
    'format("%s/../x.json", path.module)',
    'command = "cat $(pwd)/../x.json"',
    'command = "cat $HERE/../x.json"',
    'join("/", ["..", "..", "x.json"])',
    'default = "../.."',
    'dirname(path.module)',
    'dirname(local.base)',
    'abspath(".")',
    'join("/", [path.module, "x"])',
    'format("%s/x", path.root)',
    'replace(path.cwd, "app", "data")',
    '"${path.module}-more/x"',
    '"${path.module}${var.more}"',
    '"x${path.module}"',
    '"${path.module}/${path.module}/../x"',
  ])('may be anywhere in %s', (text) => expect(pathsIn(text, true)).toBe('anywhere'))

  it('are no expressions in data', () => {
    expect(pathsIn('a: dirname(path.module) is b .. c', false)).toEqual([])
    expect(pathsIn('up = ".."', false)).toBe('anywhere')
    expect(pathsIn('up: ..', false)).toBe('anywhere')
    expect(pathsIn('up: .. # as it is', false)).toBe('anywhere')
    expect(pathsIn('{ up: .., of: x }', false)).toBe('anywhere')
    expect(pathsIn('- ..\n- x', false)).toBe('anywhere')
  })

  const [BEGINS, ENDS] = [
    { isBeginning: true, ends: [] },
    { isBeginning: false, ends: [expect.stringMatching(/^\.\.\/x/)] },
  ]
  it.each([
    ['base = "${path.module}/.."', BEGINS],
    ['base = "${path.module}/../shared"', BEGINS],
    ['file("../policies/${var.name}")', BEGINS],
    ['file("${path.module}/../${var.name}")', BEGINS],
    ['dir = format("../%s", var.name)', { isBeginning: true, ends: ['../'] }],
    ['name = "../x.json"', ENDS],
    ['join("/", [local.base, "../x.json"])', ENDS],
    ...[
      'source = "../vpc"',
      'file("../x.json")',
      'file("${path.module}/../x.json")',
      'templatefile("../x", {})',
    ].map((text) => [text, { isBeginning: false, ends: [] }] as const),
    ['# as ../docs/x.md says\n  // or ../y', { isBeginning: false, ends: [] }],
    ['fileset(path.module, "../*/x.json")', { isBeginning: false, isHere: false, ends: [] }],
    ...['dir = path.module', 'fileset(path.module, var.name)', 'file("${path.module}/of-${var.name}")'].map(
      (text) => [text, { isBeginning: false, isHere: true, ends: [] }] as const,
    ),
  ])('may be parts of others in %s', (text, parts) => expect(namedPaths(text, true)).toMatchObject(parts))

  it('are templates, too, whatever they are called', () => {
    expect(pathsIn('templatefile("${path.module}/user-data.sh", {})', true)).toEqual(['user-data.sh'])
    expect(pathsIn('templatefile("tpl/${var.name}.sh", {})', true)).toEqual([])
  })

  it('may be anywhere where they are many', () => {
    const list = (count: number): string =>
      Array.from({ length: count }, (_, index) => `"../${index}"`).join()
    expect(pathsIn(list(1_000), false)).toHaveLength(1_000)
    expect(pathsIn(list(1_001), false)).toBe('anywhere')
    expect(pathsIn(`"${'../'.repeat(50)}x"`, false)).toBe('anywhere')
  })

  it('are none that is longer than a path may be', () =>
    expect(pathsIn(`"../${'a'.repeat(4_096)}"`, false)).toEqual([]))

  it.each([
    'a'.repeat(2 ** 20),
    'a/'.repeat(2 ** 19),
    '../'.repeat(2 ** 18),
    '../a '.repeat(2 ** 17),
    '${path.module'.repeat(2 ** 16),
    '= '.repeat(2 ** 19),
    ' '.repeat(2 ** 18),
  ])('are told of a long text, too: %#', (text) => {
    namedPaths(text, true)
    namedPaths(text, false)
  })
})
