import { createHash } from 'node:crypto'
import { classOf, type Call, type System } from './call'
import type { Scene } from './scenes'
import { kinds, type Kind } from './switchboard'

/** One call of one step, how it goes wrong, and what comes next. */
export interface Cell {
  id: string
  scene: Scene
  callClass: string
  nth: number
  kind: Kind
  /** name of one of the scene's follow-ups, where the step is killed */
  next?: string
}

/** How often each class of calls came in a step that nothing befell. */
export type Counted = Map<string, { call: Call; times: number }>

export function counted(calls: readonly Call[]): Counted {
  const found: Counted = new Map()
  for (const call of calls) {
    const times = (found.get(classOf(call))?.times ?? 0) + 1
    found.set(classOf(call), { call, times })
  }
  return found
}

/** What two runs have in common: how many samples a stage takes is a matter of milliseconds. */
export function common(one: Counted, other: Counted): Counted {
  return new Map(
    [...one].flatMap(([callClass, { call, times }]) => {
      const both = Math.min(times, other.get(callClass)?.times ?? 0)
      return both > 0 ? [[callClass, { call, times: both }]] : []
    }),
  )
}

const isKill = (kind: Kind): boolean => kind.startsWith('kill')

/** HAProxy has no way to ask for time, and a script is a process of its own. */
const IMPOSSIBLE: Record<System, readonly Kind[]> = {
  github: [],
  metrics: [],
  kubernetes: [],
  haproxy: ['limited'],
  script: ['refused', 'slow', 'limited', 'error', 'garbage', 'lost', 'unapplied'],
}

const kindsOf = ({ system, writes }: Call): Kind[] =>
  kinds.filter((kind) => !IMPOSSIBLE[system].includes(kind) && (kind !== 'unapplied' || writes))

/** Every cell of a scene. */
export function cellsOf(scene: Scene, calls: Counted): Cell[] {
  return [...calls].flatMap(([callClass, { call, times }]) =>
    Array.from({ length: times }, (_, index) => index + 1).flatMap((nth) =>
      kindsOf(call).flatMap((kind) =>
        (isKill(kind) ? Object.keys(scene.killed) : [undefined]).map((next) => ({
          id: [scene.name, callClass, nth, kind, ...(next === undefined ? [] : [next])].join(' > '),
          scene,
          callClass,
          nth,
          kind,
          ...(next !== undefined && { next }),
        })),
      ),
    ),
  )
}

/** A number that a seed gives to a name, always the same. */
const drawn = (seed: string, name: string): number =>
  createHash('sha256').update(`${seed} ${name}`).digest().readUInt32BE()

/**
 * The first, the last and one drawn call of each class: each is killed, the first before, the last after, a single one
 * both, and one of what may come next is drawn for it. Of the other kinds each class gets one, and of the classes with one
 * route each gets another, so that most routes see all of them.
 */
export function sampled(cells: readonly Cell[], seed: string): Cell[] {
  const classes = Map.groupBy(cells, ({ scene, callClass }) => `${scene.name} > ${callClass}`)
  const seen = new Map<string, number>()
  return [...classes].flatMap(([name, own]) => {
    const pick = <T>(what: string, among: readonly T[]): T =>
      among[drawn(seed, `${name} ${what}`) % among.length]!
    const nths = [...new Set(own.map(({ nth }) => nth))]
    const three = [...new Set([nths[0]!, pick('call', nths), nths.at(-1)!])]
    const kills = three.flatMap((nth, index) => {
      const whole = three.length === 1 ? (['kill-before', 'kill-after'] as const) : []
      const half =
        index === 0 ? 'kill-before' : index === three.length - 1 ? 'kill-after' : pick('half', KILLS)
      return (whole.length > 0 ? whole : [half]).map((kind) =>
        pick(
          `${nth} ${kind}`,
          own.filter((cell) => cell.nth === nth && cell.kind === kind),
        ),
      )
    })
    const others = [...new Set(own.filter(({ kind }) => !isKill(kind)).map(({ kind }) => kind))]
    const route = name.split(' > ').slice(1, 3).join(' > ')
    const turn = seen.get(route) ?? drawn(seed, route) % kinds.length
    seen.set(route, turn + 1)
    const kind = others[turn % others.length]
    const nth = pick('other', three)
    return [...kills, ...own.filter((cell) => cell.kind === kind && cell.nth === nth)]
  })
}

const KILLS = ['kill-before', 'kill-after'] as const

/** So many of what has these names, in their order. */
export function drawnOf<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  { count, seed }: { count: number; seed: string },
): T[] {
  const lots = new Map(all.map((one) => [one, drawn(seed, nameOf(one))]))
  const kept = new Set(all.toSorted((a, b) => (lots.get(a) ?? 0) - (lots.get(b) ?? 0)).slice(0, count))
  return all.filter((one) => kept.has(one))
}
