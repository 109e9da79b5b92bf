import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { System } from './call'
import { drawnOf, sampled, type Cell } from './cells'
import { enumerate, forgedAt } from './enumerate'
import { fakeHaproxy, realHaproxy } from './haproxy-routers'
import { kubernetesRouters } from './kubernetes-routers'
import { play, type Played, type Stage } from './play'
import { tell, tellNumbers, tellSteps } from './report'
import type { OpenRouter } from './router'
import { scenes, scenesOfKubernetes, scenesOfRealHaproxy, type Scene } from './scenes'
import { Place } from './world'

/*
 * Strikes the external calls of every step that writes, one at a time, and looks what becomes of the target.
 * npm run test:kill -- [--all] [--sample N] [--seed N] [--only CELL] [--list]
 */
const { values } = parseArgs({
  options: {
    /** every call, every kind, everything that may come next */
    all: { type: 'boolean', default: false },
    /** so many of those that would be played, drawn by the seed */
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** the cell of this name; else those of the sample whose name holds it, or of all */
    only: { type: 'string' },
    /** shows the cells, and plays none */
    list: { type: 'boolean', default: false },
  },
})

const AT_ONCE = 2
const SCENES_IN_SAMPLE = 3
const installed = join(import.meta.dirname, '../../.cache/systems/bin/haproxy')

/** A router, and the scenes that are played with it: of their calls those to these systems are struck. */
interface Part {
  router: OpenRouter
  scenes: readonly Scene[]
  systems: readonly System[]
}

const haproxy: Part[] = [
  { router: fakeHaproxy, scenes, systems: ['github', 'haproxy', 'metrics', 'script'] },
  ...(existsSync(installed)
    ? [{ router: realHaproxy, scenes: scenesOfRealHaproxy, systems: ['haproxy'] } satisfies Part]
    : []),
]
const kubernetes = (Object.keys(kubernetesRouters) as (keyof typeof kubernetesRouters)[]).map(
  (type): Part => ({
    router: kubernetesRouters[type],
    scenes: scenesOfKubernetes(type),
    systems: ['kubernetes'],
  }),
)

/** Places with the cells that are played there. */
interface Act {
  stages: Stage[]
  cells: Cell[]
}

const began = Date.now()
const opened: Place[] = []
try {
  if (!existsSync(installed))
    console.log('HAProxy itself is left out: test/systems/install puts it where it is looked for')
  const all: Act[] = []
  const isSample = values.sample !== undefined && values.only === undefined
  for (const part of [...haproxy, ...(isSample ? fewOf(kubernetes) : kubernetes)])
    all.push(await prepared(part))
  const acts = all.map(fewer)
  const cells = acts.flatMap((act) => act.cells)
  console.log(`${cells.length} cells, enumerated in ${Math.round((Date.now() - began) / 1000)} s`)
  if (cells.length === 0) throw new Error('there is no such cell')
  if (values.list) for (const { id } of cells) console.log(id)
  else process.exitCode = (await playAll(acts)) ? 0 : 1
} finally {
  await Promise.all(opened.map((one) => one.close()))
}

async function prepared({ router, scenes: own, systems }: Part): Promise<Act> {
  const asked = wanted(own)
  if (asked.length === 0) return { stages: [], cells: [] }
  const stages = await Promise.all(Array.from({ length: AT_ONCE }, () => stageWith(router)))
  return { stages, cells: chosen(await enumerate(stages, asked, systems)) }
}

async function stageWith(router: OpenRouter): Promise<Stage> {
  const place = await Place.open(router)
  opened.push(place)
  return { place, known: new Map() }
}

/** Of each act its share of the sample. */
function fewer(act: Act, _: number, acts: readonly Act[]): Act {
  const wanted = Number(values.sample ?? Infinity)
  const share = wanted / acts.reduce((sum, { cells }) => sum + cells.length, 0)
  return {
    ...act,
    cells: share < 1 ? drawn(act.cells, ({ id }) => id, Math.ceil(act.cells.length * share)) : act.cells,
  }
}

function drawn<T>(all: readonly T[], nameOf: (one: T) => string, count: number): T[] {
  return drawnOf(all, nameOf, { count, seed: values.seed })
}

/** Of one router a few scenes, for a sample: it takes minutes to find the cells of all scenes of all of them. */
function fewOf(of: readonly Part[]): Part[] {
  return drawn(of, ({ scenes: [first] }) => first?.name ?? '', 1).map((part) => ({
    ...part,
    scenes: drawn(part.scenes, ({ name }) => name, SCENES_IN_SAMPLE),
  }))
}

/** The scenes of which `--only` may name a cell: it begins with a name, ends one, or is a part of one's cells. */
function wanted(all: readonly Scene[]): readonly Scene[] {
  const { only } = values
  if (only === undefined) return all
  const isNamed = ({ name }: Scene): boolean => only.startsWith(`${name} > `) || `${name} > `.endsWith(only)
  const isAnywhere = ![...haproxy, ...kubernetes].some((part) => part.scenes.some(isNamed))
  return isAnywhere ? all : all.filter(isNamed)
}

function chosen(cells: readonly Cell[]): Cell[] {
  const sample = values.all ? [...cells] : sampled(cells, values.seed)
  const { only } = values
  if (only === undefined) return sample
  const holding = (some: readonly Cell[]): Cell[] => some.filter(({ id }) => id.includes(only))
  const ways = [cells.filter(({ id }) => id === only), holding(sample), holding(cells)]
  return ways.find((some) => some.length > 0) ?? []
}

async function playAll(acts: readonly Act[]): Promise<boolean> {
  const total = acts.reduce((sum, { cells }) => sum + cells.length, 0)
  const played: Played[] = []
  for (const { stages, cells } of acts) {
    const waiting = [...cells]
    await Promise.all(
      stages.map(async (stage) => {
        for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
          const one = await play(stage, cell, forgedAt(stage, cell))
          played.push(one)
          if (one.problems.length > 0) tell(one)
          if (total < 5) tellSteps(one)
          if (played.length % 100 === 0) console.log(`${played.length} of ${total}`)
        }
      }),
    )
  }
  tellNumbers(played, Math.round((Date.now() - began) / 1000), values.seed)
  return played.every(({ problems }) => problems.length === 0)
}
