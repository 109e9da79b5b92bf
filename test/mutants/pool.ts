import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Job, Report } from './protocol'

export type Verdict = 'killed' | 'survived' | 'timed out'

/** A process that runs tests, replaced whenever one of them does not come back or cannot be trusted any more. */
export class Pool {
  private child: ChildProcess | undefined

  constructor(
    /** from the root of the repository, in the order of the ids of their mutants */
    private readonly sources: readonly string[],
    private readonly folder: string,
  ) {}

  async record(file: string): Promise<Extract<Report, { kind: 'recorded' }>['recorded']> {
    const report = await this.send({ kind: 'record', file }, 120_000)
    if (report?.kind !== 'recorded') throw new Error(`${file} does not end without any mutant`)
    return report.recorded
  }

  async judge(job: Extract<Job, { kind: 'mutant' }>): Promise<Verdict> {
    // A test that waits is ended by its own limit; one that never lets go of its process is not.
    const quietMs = 4_000 + Math.max(...job.runs.map(({ timeoutMs }) => timeoutMs))
    const report = await this.send(job, quietMs)
    if (report?.kind !== 'judged') return 'timed out'
    if (report.verdict !== 'unclear') return report.verdict
    await this.stop()
    const again = await this.send(job, quietMs * 2)
    // In a process of its own it is the mutant alone that can have failed.
    return again?.kind === 'judged' ? (again.verdict === 'survived' ? 'survived' : 'killed') : 'timed out'
  }

  async stop(): Promise<void> {
    const { child } = this
    this.child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  private async send(job: Job, quietMs: number): Promise<Report | undefined> {
    const child = (this.child ??= this.start())
    const report = await new Promise<Report | undefined>((resolve) => {
      let timer: NodeJS.Timeout
      const end = (report?: Report): void => {
        clearTimeout(timer)
        child.off('message', heard).off('exit', gone)
        resolve(report)
      }
      const gone = (): void => end()
      const heard = (report: Report): void => {
        if (report.kind === 'alive') timer.refresh()
        else end(report)
      }
      timer = setTimeout(gone, quietMs)
      child.on('message', heard).on('exit', gone)
      child.send(job)
    })
    if (!report) await this.stop()
    return report
  }

  private start(): ChildProcess {
    return fork(join(import.meta.dirname, 'worker.ts'), [], {
      execArgv: ['--import', 'tsx', '--no-warnings'],
      env: { ...process.env, MUTATED: JSON.stringify(this.sources), TMPDIR: this.folder },
      stdio: ['ignore', 'ignore', process.env['MUTANTS_DEBUG'] ? 'inherit' : 'ignore', 'ipc'],
    })
  }
}
