import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openCheckout, placesOf } from './places'

let workspace: string
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'places-'))
  await write({ 'infra/app/main.tf': '' })
})
afterEach(() => rm(workspace, { recursive: true }))

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true })
    await writeFile(join(workspace, name), text)
  }
}
async function link(name: string, target: string): Promise<void> {
  await mkdir(dirname(join(workspace, name)), { recursive: true })
  await symlink(target, join(workspace, name))
}
const places = (files: string[] = [], folder = 'infra/app'): Promise<string[]> =>
  placesOf(folder, files, openCheckout(workspace))

describe('the places of a stack', () => {
  it('are its folder and its files, where they name nothing else', async () => {
    expect(await places(['vars/eu.tfvars', 'not-there.tfvars'])).toEqual([
      'not-there.tfvars',
      'vars/eu.tfvars',
      'infra/app',
    ])
  })

  describe('by links', () => {
    it('are each link on the way, and where the last one leads', async () => {
      await link('infra/app/tags.tf', '../../links/tags.tf')
      await link('links/tags.tf', '../shared/tags.tf')
      await write({ 'shared/tags.tf': 'module "a" { source = "../a" }' })
      expect(await places()).toEqual(
        expect.arrayContaining(['infra/app/tags.tf', 'links/tags.tf', 'shared/tags.tf', 'a', 'infra/a']),
      )
    })

    it.each<[string, string, string, string[]]>([
      ['a file of settings', 'vars/eu.tfvars', '../shared/eu.tfvars', ['vars/eu.tfvars', 'shared/eu.tfvars']],
      ['its folder', 'vars', 'shared', ['vars', 'vars/eu.tfvars', 'shared/eu.tfvars']],
    ])('are those of %s', async (_, name, target, expected) => {
      await link(name, target)
      await write({ 'shared/eu.tfvars': '' })
      expect(await places(['vars/eu.tfvars'])).toEqual(expect.arrayContaining(expected))
    })

    it('are those of a folder above its own, and what is named is from either', async () => {
      await link('deploy', 'infra')
      await write({ 'infra/app/main.tf': 'locals { a = file("../../a.json"), b = file("../b.json") }' })
      expect(await places([], 'deploy/app')).toEqual(
        expect.arrayContaining(['deploy', 'infra/app', 'a.json', 'infra/b.json', 'deploy/b.json']),
      )
    })

    it('are those of a module', async () => {
      await link('modules/vpc', '../vendor/vpc')
      await write({
        'infra/app/main.tf': 'module "vpc" { source = "../../modules/vpc" }',
        'vendor/vpc/main.tf': '',
      })
      expect(await places()).toEqual(expect.arrayContaining(['modules/vpc', 'vendor/vpc']))
    })

    it('are from where a link leads, by a path that goes up behind it', async () => {
      await link('infra/app/linked', '../../shared/deep')
      await write({
        'infra/app/main.tf': 'locals { a = file("linked/../a.json") }',
        'shared/deep/x.json': '',
      })
      expect(await places()).toEqual(expect.arrayContaining(['shared/a.json']))
    })

    it.each(['../..', '../../infra/..'])('are everything where one leads to the root: %s', async (target) => {
      await link('infra/app/all', target)
      expect(await places()).toEqual(['.'])
    })

    it('end where they go round in a circle, lead outside or nowhere', async () => {
      await link('infra/app/round', '../other')
      await link('infra/other/back', '../app')
      await link('infra/app/itself', 'itself')
      await link('infra/app/outside', '../../../elsewhere')
      await link('infra/app/absolute', '/etc/hostname')
      await link('infra/app/inside', join(workspace, 'shared'))
      await link('infra/app/nowhere', 'nothing')
      const found = await places()
      expect(found).toEqual(
        expect.arrayContaining(['infra/app', 'infra/other', 'infra/app/nothing', 'shared']),
      )
      expect(found.filter((place) => /outside|etc|elsewhere/.test(place))).toEqual(['infra/app/outside'])
    })

    it('are everything where a circle makes ever more names', async () => {
      await link('infra/app/again', '.')
      await write({
        'infra/app/main.tf': 'locals { a = file("again/x/../again/"), b = file("x/../again/") }',
      })
      await mkdir(join(workspace, 'infra/app/x'))
      expect(await places()).toEqual(['.'])
    })
  })

  describe('by what is named', () => {
    it('are from the folder of the file, from that of the stack, and from folders within', async () => {
      await write({
        'infra/app/main.tf': 'module "vpc" { source = "../../modules/net/vpc" }',
        'modules/net/vpc/main.tf':
          'locals { a = file("../a.json"), b = join("/", [local.here, "sub", "../../b.json"]) }',
      })
      expect(await places()).toEqual(
        expect.arrayContaining(['modules/net/a.json', 'infra/a.json', 'modules/net/b.json', 'infra/b.json']),
      )
    })

    it.each([
      'infra/app/.hidden/main.tf',
      'infra/app/.main.tf',
      'infra/app/main.tf.json',
      'infra/app/main.tofu',
      'infra/app/a.auto.tfvars',
      'infra/app/a.tfvars.json',
      'infra/app/data/a.yaml',
      'infra/app/data/a.yml',
      'infra/app/a.tftpl',
      'infra/app/files.csv',
      'infra/app/files.txt',
      'infra/app/.env',
      'infra/app/a.toml',
      'infra/app/a.properties',
      'vars/of-eu',
    ])('are read from %s', async (name) => {
      await write({ [name]: 'x = "../../x.json"\n' })
      expect(await places(['vars/of-eu'])).toContain('x.json')
    })

    it.each(['infra/app/.terraform/a.tf', 'infra/app/.git/a.tf', 'infra/app/a.py'])(
      'are not read from %s',
      async (name) => {
        await write({ [name]: 'x = "../../x.json"\n' })
        expect(await places()).toEqual(['infra/app'])
      },
    )

    it.each([
      ['../../templates/motd.txt', 'templates/motd.txt', '../../motd/of-all.txt', 'motd/of-all.txt'],
      ['${path.module}/user-data.sh', 'infra/app/user-data.sh', '../../assets/x.csv', 'assets/x.csv'],
    ])(
      'are read from a template that is named, whatever it is called: %s',
      async (name, file, named, place) => {
        await write({
          'infra/app/main.tf': `locals { a = templatefile("${name}", {}) }`,
          [file]: `\${file("${named}")}`,
        })
        expect(await places()).toContain(place)
      },
    )

    it('are those that a folder outside names, and theirs', async () => {
      await write({
        'infra/app/main.tf': 'module "a" { source = "../../modules/a" }',
        'modules/a/main.tf': 'module "b" { source = "../../more/b" }',
        'more/b/main.tf': 'module "c" { source = "../../c" }',
      })
      expect(await places()).toEqual(expect.arrayContaining(['modules/a', 'more/b', 'c']))
    })

    it('are everything where one path goes up from where another leads', async () => {
      await write({
        'infra/app/main.tf': 'locals { base = "${path.module}/../shared" }',
        'modules/a/main.tf': '',
      })
      expect(await places()).toContain('infra/shared')
      await write({ 'infra/app/a.tfvars': 'name = "../x.json"' })
      expect(await places()).toEqual(['.'])
    })

    it.each<[string, Record<string, string>]>([
      [
        'two texts may be put together',
        { 'infra/app/main.tf': 'locals { base = "../../modules", rel = "../assets/x.csv" }' },
      ],
      [
        'a module reads what the stack tells it',
        {
          'infra/app/main.tf': 'module "a" { source = "../../modules/a", rel = "../policies/x.json" }',
          'modules/a/main.tf': 'locals { x = file("${path.module}/${var.rel}") }',
        },
      ],
      [
        'a module lists what the stack tells it',
        {
          'infra/app/main.tf': 'module "a" { source = "../../modules/a", rel = "../policies/*.json" }',
          'modules/a/main.tf': 'locals { x = fileset(path.module, var.rel) }',
        },
      ],
    ])('are everything where %s', async (_, files) => {
      await write(files)
      expect(await places()).toEqual(['.'])
    })

    it('are everything where they are more than are told', async () => {
      const list = (from: number): string =>
        Array.from({ length: 900 }, (_, index) => `file("../../of/${from + index}")`).join()
      for (let file = 0; file < 25; file++) await write({ [`infra/app/${file}.csv`]: list(file * 900) })
      expect(await places()).toEqual(['.'])
    })

    it('are everything where it cannot be known, and of data that is too large, or no text, none', async () => {
      const large = `${' '.repeat(1024 * 1024)}"../../x.json"`
      await write({ 'infra/app/a.json': large, 'infra/app/b.json': '\0 "../../x.json"' })
      expect(await places()).toEqual(['infra/app'])
      await write({ 'infra/app/large.tf': large })
      expect(await places()).toContain('x.json')
      await write({ 'infra/app/main.tf': 'locals { a = file("${var.a}/../x.json") }' })
      expect(await places()).toEqual(['.'])
    })
  })

  it('are read once for all stacks and regions', async () => {
    await write({ 'infra/app/main.tf': 'module "vpc" { source = "../../modules/vpc" }' })
    const checkout = openCheckout(workspace)
    const first = await placesOf('infra/app', [], checkout)
    await rm(join(workspace, 'infra'), { recursive: true })
    expect(await placesOf('infra/app', [], checkout)).toEqual(first)
    expect(first).toContain('modules/vpc')
  })
})
