import { join } from 'node:path'
import { defined } from '@deploy-actions/rollout'
import { messageOf, ProviderError } from './errors'
import type { Artifacts, RunContext } from './ports'

/** Artifacts by GitHub's own client, loaded at the first use: it is the largest library of the suite. */
export function createArtifacts(token: string, context: RunContext): Artifacts {
  const client = async () => {
    const { DefaultArtifactClient } = await import('@actions/artifact')
    return new DefaultArtifactClient()
  }
  // The runtime token knows this attempt of this run; REST knows every attempt of every run.
  const from = (runId: number | undefined) =>
    runId === undefined
      ? {}
      : {
          findBy: {
            token,
            workflowRunId: runId,
            repositoryOwner: context.owner,
            repositoryName: context.repo,
          },
        }

  return {
    async upload(name, folder, files) {
      try {
        const { id, digest } = await (
          await client()
        ).uploadArtifact(
          name,
          files.map((file) => join(folder, file)),
          folder,
        )
        if (id === undefined) throw new Error('GitHub gave no artifact id')
        return defined({ id, name, digest: withAlgorithm(digest) })
      } catch (cause) {
        throw failure(`artifact ${name} could not be uploaded`, cause)
      }
    },
    async list(runId) {
      try {
        const { artifacts } = await (await client()).listArtifacts(from(runId))
        return artifacts.map(({ id, name, digest }) => defined({ id, name, digest: withAlgorithm(digest) }))
      } catch (cause) {
        throw failure(`the artifacts of run ${runId ?? context.runId} could not be listed`, cause)
      }
    },
    async download({ id, name, digest }, folder, runId) {
      let mismatch: boolean | undefined
      try {
        ;({ digestMismatch: mismatch } = await (
          await client()
        ).downloadArtifact(id, defined({ path: folder, expectedHash: digest, ...from(runId) })))
      } catch (cause) {
        throw failure(`artifact ${name} could not be downloaded`, cause)
      }
      if (mismatch)
        throw failure(`artifact ${name} is not what was uploaded: its digest is not ${digest}`, undefined)
    },
  }
}

/** GitHub names the algorithm in some answers and leaves it out in others; an empty digest counts as none. */
function withAlgorithm(digest: string | undefined): string | undefined {
  if (!digest) return undefined
  return digest.startsWith('sha256:') ? digest : `sha256:${digest}`
}

/** What GitHub's own client does not try again, or no storage that is left, will not be different the next time. */
const FINAL = /non-retryable|quota/i

const failure = (message: string, cause: unknown): ProviderError =>
  new ProviderError(cause === undefined ? message : `${message}: ${messageOf(cause)}`, {
    provider: 'GitHub artifacts',
    cause,
    retryable: cause !== undefined && !FINAL.test(messageOf(cause)),
  })
