import { z } from 'zod'
import {
  deployVariables,
  GateFailed,
  missingScript,
  runScriptToEnd,
  script,
  scriptAccess,
  type Problem,
  type Script,
} from '@deploy-actions/action-kit'
import { defined, timeLimit, type Arms } from '@deploy-actions/rollout'
import { deployer } from './deployer'
import { scriptPoint } from './restore-point'

/** Three scripts of the repository: any platform that a script can reach. */
const options = z
  .strictObject({
    run: script.describe('puts the release onto ${arm}'),
    snapshot: script.describe('prints, in at most 1 KiB, what restore needs to put ${arm} back'),
    restore: script.describe('puts ${arm} back to DEPLOY_STATE'),
    timeout: timeLimit.prefault('10m').describe('for each of the three'),
    ...scriptAccess,
  })
  .describe('three scripts of the repository')
type Scripts = z.infer<typeof options>

export default deployer({
  options,
  point: scriptPoint(),
  worstCase: ({ timeout }) => ({ snapshotMs: timeout, deployMs: timeout, restoreMs: timeout }),
  missing,
  create(scripts, ports, arms) {
    const onArm = (one: Script, arm: string, more: Record<string, string>, signal: AbortSignal) =>
      runScriptToEnd(one, ports, {
        variables: { ...armVariables(arm, arms), ...more },
        timeoutMs: scripts.timeout,
        signal,
        access: scripts,
      })
    return {
      async snapshot(signal) {
        const { ended, detail, stdout, leaked } = await onArm(scripts.snapshot, arms.canary, {}, signal)
        if (ended !== 'done') throw new GateFailed(`the snapshot failed, so nothing was written: ${detail}`)
        // It is kept in the ledger and in artifacts, and a restore needs it as it was.
        if (leaked)
          throw new GateFailed(
            `the snapshot printed a secret, and what it prints is kept where people read it: nothing was written; let ${scripts.snapshot.path} print no secret`,
          )
        return [{ kind: 'script', name: 'deploy', arm: arms.canary, state: stdout.trim() }]
      },
      deploy: ({ version, digest, image }, arm, signal) =>
        onArm(scripts.run, arm, deployVariables(defined({ version, digest, image })), signal),
      async restore({ arm, state }, signal) {
        const ending = await onArm(scripts.restore, arm, { DEPLOY_STATE: state }, signal)
        return ending.ended === 'done'
          ? { ...ending, detail: `${scripts.restore.path} put ${arm} back` }
          : ending
      },
      verify: async () => ({ state: 'unknown', detail: 'a script does not tell what runs' }),
    }
  },
})

const armVariables = (arm: string, { baseline, canary }: Arms): Record<string, string> =>
  deployVariables({ arm, 'baseline-arm': baseline, 'canary-arm': canary })

async function missing({ run, snapshot, restore }: Scripts, workspace: string): Promise<Problem[]> {
  const problems = await Promise.all(
    Object.entries({ run, snapshot, restore }).map(async ([name, one]): Promise<Problem[]> => {
      const message = await missingScript(one, workspace)
      return message === undefined ? [] : [{ where: `deploy.script.${name}`, message }]
    }),
  )
  return problems.flat()
}
