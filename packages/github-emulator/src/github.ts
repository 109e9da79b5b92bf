import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import { artifactRoutes } from './artifact-routes'
import { artifactService, ARTIFACT_SERVICE_PATH } from './artifact-service'
import { Artifacts } from './artifacts'
import { BLOB_PATH, Blobs } from './blobs'
import { branchRoutes } from './branch-routes'
import { contentRoutes } from './content-routes'
import { deploymentRoutes } from './deployment-routes'
import { Deployments, type Deployment } from './deployments'
import { checkEnvironment, Environments } from './environments'
import type { Fault } from './faults'
import { GRAPHQL_PATH, graphqlApi } from './graphql'
import type { GitHubOptions, RecordedApproval } from './github-options'
import { GitHubServer, type RecordedCall } from './github-server'
import { gitHubState, withoutLogs, type GitHubState } from './github-state'
import type { Door } from './http-call'
import { issueRoutes, type Issue } from './issue-routes'
import { JobTokens } from './job-tokens'
import { ISSUER_PATH, OIDC_PATH, OidcProvider } from './oidc'
import { RateLimit } from './rate-limit'
import { Repository } from './repository'
import { restApi } from './rest-api'
import { runRoutes } from './run-routes'
import { settingsRoutes } from './settings-routes'

/** Source: docs, "Rate limits for the REST API", GITHUB_TOKEN: per hour and repository. */
const DEFAULT_RATE_LIMIT = 1000
/** Source: docs, "Rate limits and query limits for the GraphQL API", GITHUB_TOKEN: points per hour and repository. */
const GRAPHQL_RATE_LIMIT = 1000

/** An uploaded artifact and where it lies. */
export interface UploadedArtifact {
  id: number
  name: string
  /** `sha256:...` */
  digest: string
  /** Bytes. */
  size: number
  /** The bytes as they were uploaded: a zip file, mostly. */
  file: string
  /** The same unpacked. */
  folder: string
}

/** GitHub on the loopback. */
export interface GitHubEmulator {
  /** GITHUB_API_URL: `http://127.0.0.1:PORT` */
  readonly url: string
  /** GITHUB_SERVER_URL: a `.localhost` name, since the artifact client serves no other host but GitHub's own. */
  readonly serverUrl: string
  /** Newest first. */
  readonly deployments: readonly Deployment[]
  /** By their numbers; a test may add pull requests, which are issues. */
  readonly issues: Issue[]
  /** Every request so far, in the order of the answers. */
  readonly calls: readonly RecordedCall[]
  /** What a runner adds to the environment of a job: addresses and tokens. */
  environmentFor(job: JobView, run: RunView): Record<string, string>
  recordApproval(runId: number, approval: RecordedApproval): void
  artifacts(runId: number): UploadedArtifact[]
  /** Lets something go wrong. @returns ends it */
  fault(fault: Fault): () => void
  /** Leaves no REST call until that moment, as if other workflows had used them up. */
  useUpQuota(until: Date): void
  /** Everything that is to outlive this process, as plain JSON; artifact files stay in their folder. */
  save(): GitHubState
  /** Goes on from what `save` gave, before the first request. @throws ZodError when it is something else */
  restore(state: unknown): void
  close(): Promise<void>
}

/** Starts GitHub for one repository. @throws Error when GitHub would not take an environment */
export async function startGitHub(options: GitHubOptions): Promise<GitHubEmulator> {
  options.environments.forEach(checkEnvironment)
  const server = await GitHubServer.listen()
  const repository = new Repository(options, server.url, `http://github.localhost:${server.port}`)
  const environments = new Environments(repository)
  const deployments = new Deployments(repository)
  const artifacts = new Artifacts(repository)
  const blobs = new Blobs(repository, artifacts)
  const tokens = new JobTokens(repository)
  const oidc = new OidcProvider(repository, tokens)
  const approvals = new Map<number, RecordedApproval[]>()
  const issues: Issue[] = []

  const routes = [
    ...deploymentRoutes(repository, deployments),
    ...environments.routes(),
    ...runRoutes(repository, environments, approvals),
    ...artifactRoutes(repository, artifacts, blobs),
    ...contentRoutes(repository),
    ...branchRoutes(repository),
    ...settingsRoutes(repository),
    ...issueRoutes(repository, issues),
  ]
  const quota = new RateLimit(options.rateLimit ?? DEFAULT_RATE_LIMIT, options.now)
  const rest = restApi(repository, routes, quota)
  const doors: [path: string, door: Door][] = [
    [ARTIFACT_SERVICE_PATH, artifactService(artifacts, blobs, tokens)],
    [BLOB_PATH, blobs.answer],
    [OIDC_PATH, oidc.issue],
    [ISSUER_PATH, oidc.describe],
    [GRAPHQL_PATH, graphqlApi(repository, deployments, new RateLimit(GRAPHQL_RATE_LIMIT, options.now))],
  ]
  server.serve((call) => (doors.find(([path]) => call.path.startsWith(path))?.[1] ?? rest)(call))

  return {
    url: server.url,
    serverUrl: repository.serverUrl,
    calls: server.calls,
    issues,
    get deployments() {
      return deployments.all
    },
    environmentFor(job, run) {
      const { runtime, idRequest } = tokens.issue(job, run)
      return {
        GITHUB_API_URL: server.url,
        GITHUB_SERVER_URL: repository.serverUrl,
        GITHUB_GRAPHQL_URL: `${server.url}/graphql`,
        ACTIONS_RUNTIME_URL: `${server.url}/`,
        ACTIONS_RUNTIME_TOKEN: runtime,
        ACTIONS_RESULTS_URL: `${server.url}/`,
        ...(job.permissions['id-token'] === 'write'
          ? {
              ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}${OIDC_PATH}?api-version=2.0`,
              ACTIONS_ID_TOKEN_REQUEST_TOKEN: idRequest,
            }
          : {}),
      }
    },
    recordApproval: (runId, approval) =>
      void approvals.set(runId, [...(approvals.get(runId) ?? []), approval]),
    artifacts: (runId) =>
      artifacts.ofRun(runId).map((one) => {
        const { id, name, digest, size } = one
        return { id, name, digest, size, ...artifacts.paths(one) }
      }),
    fault: (fault) => server.faults.add(fault),
    useUpQuota: (until) => quota.useUp(until),
    save: () => ({
      v: 1,
      lastId: repository.lastId,
      deployments: structuredClone(deployments.all),
      artifacts: structuredClone(artifacts.all),
      approvals: structuredClone([...approvals]),
      runs: repository
        .runs()
        .filter(({ status }) => status === 'completed')
        .map(withoutLogs),
    }),
    restore(state) {
      const kept = gitHubState.parse(state)
      repository.lastId = kept.lastId
      repository.past = kept.runs
      deployments.all = kept.deployments
      artifacts.restore(kept.artifacts)
      for (const [run, said] of kept.approvals) approvals.set(run, said)
    },
    close: () => server.close(),
  }
}
