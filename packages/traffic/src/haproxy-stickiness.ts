import { parseStat, type Ask } from './haproxy-runtime'

/** Whether HAProxy can bind clients to a server of a backend: then a weight of 0 alone does not take them off it. */
export interface Stickiness {
  binds: boolean
  /** HAProxy does not tell, in words: nothing is begun before somebody says it in the settings */
  unknown?: string
}

/**
 * What HAProxy tells of a backend's stickiness: `show stat` names its cookie to levels `operator` and `admin`, and a
 * stick table stores the ids of servers only where a `stick` rule uses it. Which backend's rule that is it does not tell
 * of a table that is not the backend's own; nor does an answer without the column of the cookie say anything.
 */
export async function askStickiness(
  /** to `show stat` of the backend and `show table` */
  answer: string,
  { backend, where, ask, signal }: { backend: string; where: string; ask: Ask; signal: AbortSignal },
): Promise<Stickiness> {
  const [row] = parseStat(answer)
  if (row?.['cookie']) return { binds: true }
  const tables = [...answer.matchAll(/^# table: ([^\s,;]+),/gm)].map(([, name = '']) => name)
  const binding: string[] = []
  for (const table of tables) {
    // No id is negative: the rows stay where they are, and only a table without ids refuses the question.
    const shown = await ask(`show table ${table} data.server_id lt 0`, signal)
    if (shown.startsWith('# table: ')) binding.push(table)
  }
  if (binding.includes(backend)) return { binds: true }
  const why =
    binding.length > 0
      ? `its stick table ${binding.join(', ')} binds clients to servers, of ${backend} or of another backend`
      : row?.['cookie'] === undefined
        ? 'its statistics do not name cookies'
        : undefined
  if (why === undefined) return { binds: false }
  return {
    binds: true,
    unknown: `${where} does not tell whether clients are bound to servers of ${backend}: ${why}; say \`sticky: true\` or \`sticky: false\` in the settings of the router`,
  }
}
