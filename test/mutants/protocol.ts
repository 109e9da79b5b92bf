/** Ids of mutants: those of a file begin at its place among the sources times this. */
export const IDS_PER_FILE = 10_000

/** Tests of one file that reach a mutant, by their place in it. */
export interface Run {
  file: string
  tests: number[]
  /** how long one test may take */
  timeoutMs: number
  /** with modules loaded anew */
  fresh: boolean
}

export type Job = { kind: 'record'; file: string } | { kind: 'mutant'; id: number; runs: Run[] }

/** What a run without any mutant showed of a test file. */
export interface Recorded {
  file: string
  /** mutants that are evaluated while it is loaded */
  atLoad: number[]
  tests: { index: number; ms: number; reached: number[] }[]
  problems: string[]
}

/** `unclear`: it failed, and fails without the mutant, too, so that the process has to be replaced. */
export type Report =
  | { kind: 'alive' }
  | { kind: 'recorded'; recorded: Recorded }
  | { kind: 'judged'; id: number; verdict: 'killed' | 'survived' | 'unclear' }
