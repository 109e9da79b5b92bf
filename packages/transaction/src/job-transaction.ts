import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { transactionRecord, type TransactionName } from '@deploy-actions/ledger'
import { defined, lazily, sharePlan, weights } from '@deploy-actions/rollout'

/** What a restorer needs beside the record: how to reach what the record names. Uploaded with it, and kept in the job. */
export const restoreSettings = lazily(() =>
  z.strictObject({
    /** settings of the canary router as they were written, variables filled */
    router: z.looseObject({ type: z.string() }),
    arms: z.strictObject({ baseline: z.string(), canary: z.string() }),
    /** the same for the router between the regions, and how the share of this one is moved */
    regions: z.strictObject({ router: z.looseObject({ type: z.string() }), plan: sharePlan() }).optional(),
    /** the steps in which a person may take the release back; looked at where they are asked for, since nothing else needs them */
    staged: z.unknown().optional(),
    /** what the infrastructure gave when it was opened: what is put back is named by that */
    infra: z.record(z.string(), z.string()).optional(),
  }),
)
export type RestoreSettings = z.infer<ReturnType<typeof restoreSettings>>

/** The restore-point artifact: the record as it was opened, and its settings. */
export const restorePointFile = lazily(() =>
  z.strictObject({ record: transactionRecord, settings: restoreSettings() }),
)
export type RestorePointFile = z.infer<ReturnType<typeof restorePointFile>>

/** How the ledger finds it. */
export const nameOf = ({
  record: { id, environment },
  at,
}: {
  record: Pick<JobTransaction['record'], 'id' | 'environment'>
  at?: string | undefined
}): TransactionName => defined({ id, environment, at })

/** A transaction as the steps and posts of one job share it: read before the ledger, and when the ledger is down. */
export const jobTransaction = lazily(() =>
  restorePointFile().extend({
    ledger: z.string(),
    /** where the ledger has it */
    at: z.string().optional(),
    /**
     * `traffic-restored`: a post or a failing action has put the traffic back; the rest is still to do.
     * `committing`: whether it is committed, only the ledger knows. `going-back`: it was committed, and is taken back in
     * steps.
     */
    state: z.enum(['open', 'traffic-restored', 'committing', 'committed', 'going-back', 'restored']),
    /** the last vectors that were written in it, or were about to be: newest last */
    written: z.array(weights).optional(),
    /** when the last of them was about to be, or was last seen to hold */
    writtenAt: z.iso.datetime().optional(),
    /** what the router between the regions was left with, or was about to be, where nothing but our hand was in it */
    left: weights.optional(),
    /** when the posts of this job stop trying, from the first of them on: all share GitHub's five minutes */
    postsUntil: z.iso.datetime().optional(),
  }),
)
export type JobTransaction = z.infer<ReturnType<typeof jobTransaction>>

const folder = (temp: string): string => join(temp, 'deploy-actions', 'transactions')

/** Writes a job's transaction whole: a reader never sees half of it. */
export async function saveJobTransaction(temp: string, transaction: JobTransaction): Promise<void> {
  await mkdir(folder(temp), { recursive: true })
  const file = join(folder(temp), `${transaction.record.id}.json`)
  await writeFile(`${file}.part`, JSON.stringify(transaction, null, 2))
  await rename(`${file}.part`, file)
}

/** Every transaction of this job, in the order in which they were opened. */
export async function readJobTransactions(temp: string): Promise<JobTransaction[]> {
  const names = (await readdir(folder(temp)).catch(() => [])).filter((name) => name.endsWith('.json'))
  const transactions = await Promise.all(
    names.map(async (name) =>
      jobTransaction().parse(JSON.parse(await readFile(join(folder(temp), name), 'utf8'))),
    ),
  )
  return transactions.sort((a, b) => a.record.openedAt.localeCompare(b.record.openedAt))
}

export async function findJobTransaction(temp: string, id: string): Promise<JobTransaction | undefined> {
  return (await readJobTransactions(temp)).find(({ record }) => record.id === id)
}
