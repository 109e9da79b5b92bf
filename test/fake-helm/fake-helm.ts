import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** What a fake Helm has of a release: its revisions, oldest first. */
export interface FakeRevision {
  revision: number
  status: string
  description: string
  digest?: string
  /** ISO 8601 */
  updated?: string
  labels?: Record<string, string>
  applyMethod?: 'ssa' | 'csa'
}
export type FakeReleases = Record<string, FakeRevision[]>

/** What becomes of the next upgrade or rollback of a release, once. */
export interface FakePlan {
  command: 'upgrade' | 'rollback'
  /** default: of any */
  release?: string
  /** what Helm says of the failure, behind `Error: ` */
  text?: string
  /** the status that it leaves when it fails, or `nothing`; default failed */
  leaves?: string
  /** it stays pending until it is ended, or for so many milliseconds */
  does?: 'hang' | 'slow'
  ms?: number
  /** it does not end at the first signal */
  deaf?: boolean
}

export interface FakeCall {
  command: string
  args: string[]
  /** values files, as they were while Helm read them */
  files: { file: string; mode?: number; text?: string }[]
}

/** A program that does what is called of Helm, over a file: strict about flags and states, and no cluster behind it. */
export interface FakeHelm {
  program: string
  releases(): Promise<FakeReleases>
  put(releases: FakeReleases): Promise<void>
  plan(...plans: FakePlan[]): Promise<void>
  /** what rendering gives beside a Deployment and a Secret, or says of its failure */
  renders(release: string, what: { more?: string; text?: string }): Promise<void>
  /** prints this as its version */
  isVersion(version: string): Promise<void>
  calls(): Promise<FakeCall[]>
  /** id of the process that hangs, for a test whose action no longer ends it */
  hanging(): Promise<number>
}

export async function openFakeHelm(
  major: 3 | 4,
  folder: string,
  releases: FakeReleases = {},
): Promise<FakeHelm> {
  const state = join(folder, 'releases.json')
  const program = join(folder, 'helm')
  await mkdir(folder, { recursive: true })
  await writeFile(
    program,
    `#!/bin/sh\nexec ${process.execPath} ${resolve(import.meta.dirname, 'helm.mjs')} ${major} ${state} "$@"\n`,
    { mode: 0o755 },
  )
  const put = (all: FakeReleases): Promise<void> => writeFile(state, JSON.stringify(all))
  const rendered: Record<string, object> = {}
  await put(releases)
  return {
    program,
    put,
    releases: async () => JSON.parse(await readFile(state, 'utf8')) as FakeReleases,
    plan: (...plans) => writeFile(`${state}.plans`, JSON.stringify(plans)),
    async renders(release, what) {
      rendered[release] = what
      await writeFile(`${state}.renders`, JSON.stringify(rendered))
    },
    hanging: async () => Number(await readFile(`${state}.hanging`, 'utf8')),
    isVersion: (version) => writeFile(`${state}.version`, JSON.stringify(version)),
    calls: async () =>
      (await readFile(`${state}.calls`, 'utf8').catch(() => ''))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as FakeCall),
  }
}

/** The revisions of a release by their statuses, each a minute old. */
export const fakeRevisions = (...statuses: string[]): FakeRevision[] =>
  statuses.map((status, index) => ({
    ...{ revision: index + 1, status, description: index === 0 ? 'Install complete' : 'Upgrade complete' },
    digest: `sha256:${String.fromCharCode(97 + index).repeat(64)}`,
    updated: new Date(Date.now() - 60_000).toISOString(),
  }))
