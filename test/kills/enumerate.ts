import { cellsOf, common, counted, type Cell, type Counted } from './cells'
import type { System } from './call'
import { rehearse, type Forged, type Stage } from './play'
import type { Scene } from './scenes'

/** By place and scene: what is forged must fit the place. */
const forgeries = new WeakMap<Stage, Map<string, Forged>>()

export const forgedAt = (stage: Stage, { scene }: Cell): Forged =>
  forgeries.get(stage)?.get(scene.name) ?? (() => undefined)

/** Every cell of these scenes: found by running each step once at every place. @param systems whose calls are struck */
export async function enumerate(
  stages: readonly Stage[],
  scenes: readonly Scene[],
  systems: readonly System[],
): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const scene of scenes) {
    const found = await Promise.all(stages.map((stage) => callsOf(stage, scene)))
    const calls = found.reduce(common)
    cells.push(...cellsOf(scene, new Map([...calls].filter(([, { call }]) => systems.includes(call.system)))))
  }
  return cells
}

async function callsOf(stage: Stage, scene: Scene): Promise<Counted> {
  const { exitCode, stdout, stderr } = await rehearse(stage, scene)
  const { switchboard } = stage.place
  const calls = counted(switchboard.calls)
  if (calls.size === 0)
    throw new Error(`${scene.name} made no call (${String(exitCode)}): ${stdout}${stderr}`)
  const answers = new Map<string, unknown>()
  for (const [callClass, { times }] of calls)
    for (let nth = 1; nth <= times; nth++)
      answers.set(`${callClass} ${nth}`, switchboard.answerOf(callClass, nth))
  const known = forgeries.get(stage) ?? new Map<string, Forged>()
  forgeries.set(
    stage,
    known.set(scene.name, (callClass, nth) => answers.get(`${callClass} ${nth}`)),
  )
  return calls
}
