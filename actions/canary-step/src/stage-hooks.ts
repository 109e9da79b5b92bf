import {
  Cancelled,
  deployVariables,
  GateFailed,
  InputError,
  messageOf,
  providerPorts,
  runScriptToEnd,
  showOutput,
  type Ports,
  type ScriptEnding,
} from '@deploy-actions/action-kit'
import { missingHooks, type Hook, type Hooks, type StagePlan } from '@deploy-actions/config'
import { formatPercent } from '@deploy-actions/rollout'

type StageHookName = 'before-stage' | 'during-stage' | 'after-stage'

/** The hooks of rollout.yml for one arm, and the `DEPLOY_*` variables that they get. */
export interface ArmHooks {
  hooks: Pick<Hooks, StageHookName>
  variables: Readonly<Record<string, string>>
}

/** A script beside the stages has failed: the walk ends as it does when a stage fails. */
export class HookFailed extends GateFailed {}

/** The scripts of one stage, from the moment when its weight is in effect. */
export interface HooksOfStage {
  /** why the stage has failed for the script beside its watch, once that is so */
  failure(): string | undefined
  /** what is waited for now, in words */
  running(): string | undefined
  /** Resolves when the script beside the watch has ended, and what follows a stage that has passed was run, too. */
  finish(): Promise<void>
  /** Somebody wants all of the traffic at once: what belongs to this stage is stopped, and the last stage comes next. */
  skip(): void
  /** @throws HookFailed when what follows the stage has failed */
  mustHavePassed(): void
}

/** The scripts around the stages of a walk. */
export interface StageHooks {
  /** Runs what comes before the weight of the first stage. @returns whether there is anything @throws HookFailed */
  begin(): Promise<boolean>
  /** Starts what runs beside the watch of a stage. */
  start(index: number): HooksOfStage
  /** Stops what still runs, at once; resolves when it has ended. */
  stop(): Promise<void>
}

/** @throws InputError when a script is not there, or may not have what it is to have: before anything is opened or moved */
export async function openStageHooks(
  { hooks, variables }: ArmHooks,
  stages: readonly StagePlan[],
  ports: Ports,
): Promise<StageHooks> {
  await mustBeRunnable(hooks, ports)
  const scripts = createScripts(ports)
  let over = new AbortController()
  let isStopped = false

  async function run(name: StageHookName, index: number, { signal }: AbortController): Promise<void> {
    const hook = hooks[name]
    const stage = stages[index]
    if (!hook || !stage) return
    const ofStage = deployVariables({ stage: String(index + 1), 'stage-weight': String(stage.weight / 100) })
    const title = `${name} of ${formatPercent(stage.weight)}`
    const { ended, detail } = await scripts.run(title, hook, { ...variables, ...ofStage }, signal)
    if (ended === 'cancelled') throw new Cancelled(`${title}: ${detail}`)
    if (ended === 'failed') throw new HookFailed(`${title}: ${detail}`)
  }

  return {
    async begin() {
      await run('before-stage', 0, over)
      return hooks['before-stage'] !== undefined
    },
    start(index) {
      const ofStage = new AbortController()
      over = ofStage
      const isReported = stages[index]?.onFail === 'report'
      let isSkipped = false
      let failed: string | undefined
      let refused: HookFailed | undefined
      /** the stage whose `before-stage` was run last */
      let prepared = index
      let finishing: Promise<void> | undefined
      const last = stages.length - 1
      const unlessSkipped = (error: unknown): void => {
        if (!(error instanceof Cancelled) || !isSkipped || isStopped) throw error
      }
      const beside = run('during-stage', index, ofStage).catch((error: unknown) => {
        if (error instanceof Cancelled) return
        failed = messageOf(error)
        ports.log.warning(failed)
      })
      let after: Promise<void> | undefined
      /** Somebody may skip to the last stage while the one after this is prepared. */
      const finish = async (): Promise<void> => {
        await beside
        if (failed !== undefined && !isReported) return
        try {
          await (after ??= run('after-stage', index, ofStage).catch(unlessSkipped))
          for (let next = index + 1; next <= last; next = last) {
            if (isSkipped) next = last
            if (prepared === next || isStopped) return
            await run('before-stage', next, (over = new AbortController())).catch(unlessSkipped)
            prepared = next
            if (!isSkipped) return
          }
        } catch (error) {
          if (!(error instanceof HookFailed)) throw error
          refused = error
        }
      }
      return {
        failure: () => failed,
        running: scripts.running,
        finish: () => (finishing ??= finish().finally(() => (finishing = undefined))),
        skip() {
          isSkipped = true
          ofStage.abort()
          if (index + 1 < last) over.abort()
        },
        mustHavePassed() {
          if (refused) throw refused
        },
      }
    },
    async stop() {
      isStopped = true
      over.abort()
      await scripts.ended()
    },
  }
}

/** Runs scripts, and keeps how each has ended in log and evidence. */
function createScripts(ports: Ports) {
  const running = new Map<Promise<ScriptEnding>, string>()
  const kept: Record<string, unknown>[] = []
  return {
    /** @throws HookFailed when it cannot be run at all, Cancelled when the signal has been given before */
    async run(
      title: string,
      { run: script, timeout: timeoutMs, ...access }: Hook,
      variables: Record<string, string>,
      over: AbortSignal,
    ): Promise<Pick<ScriptEnding, 'ended' | 'detail'>> {
      const signal = AbortSignal.any([ports.signal, over])
      if (signal.aborted) throw new Cancelled(`${title} was not begun`)
      ports.log.info(`${title}: ${script.path} runs`)
      const ending = runScriptToEnd(script, providerPorts(ports, variables), { timeoutMs, signal, access })
      running.set(ending, title)
      try {
        const { ended, facts, ...rest } = await ending
        const { detail, output } = showOutput(`${title} (${script.path})`, rest, ports)
        kept.push({ hook: title, ...facts, ended, output })
        ports.evidence.facts({ hooks: kept })
        return { ended, detail }
      } catch (error) {
        throw new HookFailed(`${title}: ${messageOf(error)}`, { cause: error })
      } finally {
        running.delete(ending)
      }
    },
    /** one that has not ended yet */
    running: (): string | undefined => [...running.values()][0],
    async ended(): Promise<void> {
      await Promise.allSettled(running.keys())
    },
  }
}

/** The plan of a rollout has looked, too; this step may be used without one. */
async function mustBeRunnable(hooks: ArmHooks['hooks'], { context, oidc }: Ports): Promise<void> {
  const problems = await missingHooks(hooks, context.workspace)
  for (const [name, hook] of Object.entries(hooks))
    if (hook?.oidc && !oidc)
      problems.push({
        where: `hooks.${name}.oidc`,
        message:
          'this job may not ask for OIDC tokens: give it, and every job that calls it, id-token: write',
      })
  if (problems.length > 0) throw new InputError(problems)
}
