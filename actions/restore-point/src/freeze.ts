import { messageOf, type Ports } from '@deploy-actions/action-kit'
import { freezesFor, LONGEST_FREEZE_MS, type Ledger } from '@deploy-actions/ledger'
import { defined, formatDuration, parseDuration } from '@deploy-actions/rollout'
import { isAll, type Chosen } from './choose'
import type { Inputs } from './inputs'

/**
 * Keeps anything from beginning for a while, in what was asked for: a region, or with all the whole service. Nothing that
 * is wrong with that keeps a release from being taken back.
 * @param why who wants it so, and why
 * @returns what is frozen by what the ledger shows when it is read back, in sentences
 */
export async function freeze(
  ledger: Ledger,
  { taken }: Chosen,
  why: string,
  { freeze: asked = '', drill, region = 'all' }: Inputs,
  ports: Ports,
): Promise<string[]> {
  const not = (reason: string): string[] => {
    const said = `NOT frozen: ${reason}; freeze it in rollout.yml`
    ports.log.error(said)
    return [said]
  }
  const ms = parseDuration(asked)
  if (ms === undefined) return not(`"${asked}" is not a duration such as 4h`)
  if (ms > LONGEST_FREEZE_MS) return not(`${asked} is longer than ${formatDuration(LONGEST_FREEZE_MS)}`)
  if (drill) return not('nothing is wrong with the release in a drill')
  const [first] = taken
  if (!first) return not('nothing was taken back')
  const from = ports.clock.now()
  const environments = isAll(region) ? [undefined] : taken.map(({ record }) => record.environment)
  try {
    for (const environment of environments)
      await ledger.freeze(
        defined({ environment, from, until: new Date(from.getTime() + ms), reason: why }),
        environment ?? first.record.environment,
      )
    const kept = await ledger.freezes()
    return taken.map(({ record: { region, environment } }) => {
      const until = freezesFor(kept, environment)
        .map(({ to }) => to)
        .sort()
        .at(-1)
      return until === undefined ? `${region} is NOT frozen` : `nothing begins in ${region} until ${until}`
    })
  } catch (error) {
    return not(messageOf(error))
  }
}
