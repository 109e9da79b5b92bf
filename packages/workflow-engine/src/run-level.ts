import { evaluateText, type StatusFunctions } from './expressions'
import { holdGroup } from './hold-group'
import type { JobDefinition } from './job-definition'
import { runMatrix } from './run-matrix'
import { annotate, combine, levelContexts, type Ending, type Level } from './run-state'
import type { TemplateMap } from './template'

/**
 * Runs one workflow file to its end: its concurrency group, its jobs in the order of their needs, its outputs.
 * @param evict cancels the level when a newcomer takes its concurrency group
 */
export async function runLevel(outer: Level, evict: () => void): Promise<Ending> {
  const { tree, run, signal } = outer
  const who = outer.callers.at(-1) ?? 'a top level workflow'
  const hold = await holdGroup(outer, tree.file.concurrency, levelContexts(outer), who, evict, signal)
  if (!hold.held) {
    annotate(run, null, { level: 'error', message: hold.message })
    return { result: hold.conclusion, outputs: {} }
  }
  try {
    const jobs = new JobGraph(hold.level)
    const endings = await jobs.run()
    return {
      result: combine([...endings.values()].map(({ result }) => result)),
      outputs: outputsOf(hold.level, endings),
    }
  } finally {
    hold.leave()
  }
}

/** Starts each job once all its needs have ended. */
class JobGraph {
  private readonly started = new Map<string, Promise<Ending>>()
  private readonly ended = new Map<string, Ending>()
  private readonly definitions: Map<string, JobDefinition>

  constructor(private readonly level: Level) {
    this.definitions = new Map(level.tree.file.jobs.map((job) => [job.key, job]))
  }

  async run(): Promise<Map<string, Ending>> {
    await Promise.all([...this.definitions.keys()].map((key) => this.job(key)))
    return this.ended
  }

  private job(key: string): Promise<Ending> {
    const known = this.started.get(key) ?? this.begin(key)
    this.started.set(key, known)
    return known
  }

  private async begin(key: string): Promise<Ending> {
    const definition = this.definitions.get(key)
    if (!definition) throw new Error(`Job '${key}' is not in ${this.level.tree.file.path}`)
    await Promise.all(definition.needs.map((need) => this.job(need)))
    const needs = Object.fromEntries(definition.needs.map((need) => [need, this.ending(need)]))
    const ancestors = this.ancestors(definition).map((need) => this.ending(need).result)
    const contexts = { ...levelContexts(this.level), needs }
    const ending = await runMatrix(this.level, definition, contexts, (signal) => statusOf(ancestors, signal))
    this.ended.set(key, ending)
    return ending
  }

  private ending(key: string): Ending {
    return this.ended.get(key) ?? { result: 'skipped', outputs: {} }
  }

  /** Every job it needs, directly or not: the status functions look at all of them. */
  private ancestors(definition: JobDefinition, found = new Set<string>()): string[] {
    for (const need of definition.needs) {
      if (found.has(need)) continue
      found.add(need)
      const next = this.definitions.get(need)
      if (next) this.ancestors(next, found)
    }
    return [...found]
  }
}

/** A skipped ancestor is not a success: this is how a skip travels on (actions/runner#2205). */
function statusOf(ancestors: readonly string[], signal: AbortSignal): StatusFunctions {
  return {
    success: !signal.aborted && ancestors.every((result) => result === 'success'),
    failure: ancestors.includes('failure'),
    cancelled: signal.aborted,
  }
}

function outputsOf(level: Level, endings: ReadonlyMap<string, Ending>): Record<string, string> {
  const jobs = Object.fromEntries([...endings].map(([key, ending]) => [key, { ...ending }]))
  const declared = level.tree.file.call?.outputs ?? (new Map() as TemplateMap)
  const contexts = { ...levelContexts(level), jobs }
  try {
    return Object.fromEntries(
      [...declared].map(([name, template]) => [name, evaluateText(template, contexts)]),
    )
  } catch (error) {
    annotate(level.run, null, {
      level: 'error',
      message: `Outputs of ${level.tree.ref}: ${(error as Error).message}`,
    })
    return {}
  }
}
