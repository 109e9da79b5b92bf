import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startRealHaproxy, type RealHaproxy } from '../systems/real-haproxy'
import { drawnOf, sampled, type Cell } from './cells'
import { enumerate, forgedAt } from './enumerate'
import { play, type Played, type Stage } from './play'
import { tell, tellNumbers, tellSteps } from './report'
import { scenes, scenesOfRealHaproxy, type Scene } from './scenes'
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
const installed = join(import.meta.dirname, '../../.cache/systems/bin/haproxy')

/** Places with the cells that are played there. */
interface Act {
  stages: Stage[]
  cells: Cell[]
}

const began = Date.now()
const opened: Pick<RealHaproxy, 'close'>[] = []
try {
  const acts = [await withFakes(), ...(existsSync(installed) ? [await withRealHaproxy()] : [])].map(fewer)
  if (acts.length === 1)
    console.log('HAProxy itself is left out: test/systems/install puts it where it is looked for')
  const cells = acts.flatMap((act) => act.cells)
  console.log(`${cells.length} cells, enumerated in ${Math.round((Date.now() - began) / 1000)} s`)
  if (cells.length === 0) throw new Error('there is no such cell')
  if (values.list) for (const { id } of cells) console.log(id)
  else process.exitCode = (await playAll(acts)) ? 0 : 1
} finally {
  await Promise.all(opened.map((one) => one.close()))
}

async function withFakes(): Promise<Act> {
  const stages = await Promise.all(Array.from({ length: AT_ONCE }, () => stageAt()))
  const cells = await enumerate(stages, wanted(scenes), ['github', 'haproxy', 'metrics', 'script'])
  return { stages, cells: chosen(cells) }
}

async function withRealHaproxy(): Promise<Act> {
  const stages = await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      // No request goes through them, and no check: they are up.
      const haproxy = await startRealHaproxy({ blue: 1, green: 1 }, 300)
      opened.push(haproxy)
      return stageAt(haproxy.ports.admin)
    }),
  )
  const cells = await enumerate(stages, wanted(scenesOfRealHaproxy), ['haproxy'])
  return { stages, cells: chosen(cells) }
}

async function stageAt(realHaproxy?: number): Promise<Stage> {
  const place = await Place.open(realHaproxy)
  opened.push(place)
  return { place, known: new Map() }
}

/** Of each act its share of the sample. */
function fewer(act: Act, _: number, acts: readonly Act[]): Act {
  const wanted = Number(values.sample ?? Infinity)
  const share = wanted / acts.reduce((sum, { cells }) => sum + cells.length, 0)
  return {
    ...act,
    cells: share < 1 ? drawnOf(act.cells, Math.ceil(act.cells.length * share), values.seed) : act.cells,
  }
}

/** The scenes of which `--only` may name a cell: it begins with a name, or is a part of one. */
function wanted(all: readonly Scene[]): readonly Scene[] {
  const { only } = values
  if (only === undefined) return all
  const isNamed = ({ name }: Scene): boolean => only.startsWith(`${name} > `)
  const isAnywhere = ![...scenes, ...scenesOfRealHaproxy].some(isNamed)
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
