import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { messageOf, ProviderError, type Ports } from '@deploy-actions/action-kit'

/** A sealed plan, and what it is bound to. */
export interface StoredPlan {
  sealed: Buffer
  manifest: string
}

/** Where sealed plans are kept between the approval and the apply. */
export interface PlanStore {
  /** @returns the id by which it is found */
  put(plan: StoredPlan): Promise<string>
  /** @returns undefined where this run has none of that id */
  get(id: string): Promise<StoredPlan | undefined>
  wasUsed(id: string): Promise<boolean>
  /** Notes durably, before anything is applied, that it is used. @throws ProviderError when it was already, or cannot be noted */
  use(id: string): Promise<void>
}

const SEALED = 'plan.sealed'
const MANIFEST = 'manifest.json'

/**
 * @param name of the store: `artifact` or `file:DIR`
 * @param label what a thing that is put into it is called, for people
 * @param runId of the run that has put into it what is asked for
 */
export function openPlanStore(
  name: string,
  label: string,
  ports: Ports,
  runId = ports.context.runId,
): PlanStore {
  const plain = label.replace(/[^\w.-]+/g, '-')
  return name === 'artifact'
    ? inArtifacts(plain, ports, runId)
    : inFolder(resolve(ports.context.workspace, name.slice('file:'.length)), plain)
}

const usedName = (id: string): string => `plan-${id}-used`

/** A folder for what is uploaded or was downloaded, which only its user reads and which is gone with the work. */
export async function inUploadFolder<T>(
  { temp }: Pick<Ports['context'], 'temp'>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(temp, `plan-store-${process.hrtime.bigint()}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Artifacts of this run, of any attempt: one of another run, whatever its name, has no id here. */
function inArtifacts(label: string, { artifacts, context }: Ports, runId: number): PlanStore {
  const inFolderOfOurs = <T>(work: (folder: string) => Promise<T>): Promise<T> =>
    inUploadFolder(context, work)
  const used = async (id: string): Promise<boolean> =>
    (await artifacts.list(runId)).some(({ name }) => name === usedName(id))
  return {
    put: (plan) =>
      inFolderOfOurs(async (folder) => {
        await write(folder, plan)
        const { id } = await artifacts.upload(label, folder, [SEALED, MANIFEST])
        return String(id)
      }),
    async get(id) {
      const found = (await artifacts.list(runId)).find((one) => String(one.id) === id)
      if (!found) return undefined
      return inFolderOfOurs(async (folder) => {
        await artifacts.download(found, folder, runId)
        return read(folder)
      })
    },
    wasUsed: used,
    use: (id) =>
      inFolderOfOurs(async (folder) => {
        const file = 'used.json'
        await writeFile(
          join(folder, file),
          JSON.stringify({ attempt: context.attempt, actor: context.actor }),
        )
        // A name is there once in a run: of two that come at once, GitHub refuses one.
        await artifacts.upload(usedName(id), folder, [file])
      }),
  }
}

/** A folder for each plan. */
function inFolder(root: string, label: string): PlanStore {
  const folderOf = (id: string): string => join(root, id)
  const mark = (id: string): string => join(folderOf(id), 'used')
  return {
    async put(plan) {
      const id = `${label}-${process.hrtime.bigint()}`
      await mkdir(folderOf(id), { recursive: true, mode: 0o700 })
      await write(folderOf(id), plan)
      return id
    },
    async get(id) {
      if (!/^[\w.-]+$/.test(id) || /^\.+$/.test(id)) return undefined
      return read(folderOf(id)).catch((error: unknown) => {
        if ((error as { code?: string }).code === 'ENOENT') return undefined
        throw error
      })
    },
    wasUsed: (id) =>
      readFile(mark(id)).then(
        () => true,
        () => false,
      ),
    async use(id) {
      try {
        await (await open(mark(id), 'wx')).close()
      } catch (cause) {
        throw new ProviderError(`the plan could not be marked as used: ${messageOf(cause)}`, {
          provider: 'file',
          cause,
        })
      }
    },
  }
}

async function write(folder: string, { sealed, manifest }: StoredPlan): Promise<void> {
  await writeFile(join(folder, SEALED), sealed, { mode: 0o600 })
  await writeFile(join(folder, MANIFEST), manifest, { mode: 0o600 })
}

const read = async (folder: string): Promise<StoredPlan> => ({
  sealed: await readFile(join(folder, SEALED)),
  manifest: await readFile(join(folder, MANIFEST), 'utf8'),
})
