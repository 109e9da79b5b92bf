import type { RunView } from '@deploy-actions/workflow-engine'

/** An environment as the settings page of the repository has it. */
export interface EnvironmentSetting {
  /** At most 255 characters; compared without case. */
  name: string
  /** Logins, at most six; one of them suffices. None: nobody is asked. */
  reviewers?: readonly string[]
  preventSelfReview?: boolean
  /** Minutes, 1 to 43 200. */
  waitTimer?: number
  /** Default true, as on GitHub. */
  canAdminsBypass?: boolean
  /** Default null: every branch may deploy. Exactly one of the two is true. */
  branchPolicy?: { protected_branches: boolean; custom_branch_policies: boolean } | null
  /** Patterns of `custom_branch_policies`. */
  branches?: readonly { name: string; type: 'branch' | 'tag' }[]
}

/** What of the repository's settings can be read over REST. */
interface RepositorySettings {
  /** Default main. */
  defaultBranch?: string
  /** What a job may do whose workflow does not say it; default read, as of new repositories. */
  defaultWorkflowPermissions?: 'read' | 'write'
  /** Days; default 90, as on GitHub. */
  retentionDays?: number
  /** Names; nobody is ever told a value. Default none. */
  secrets?: readonly string[]
  /** Names of those of the organisation that the repository may use. Default none. */
  organizationSecrets?: readonly string[]
  /** The workflows of the default branch; default none. */
  workflows?: readonly { path: string; state?: 'active' | 'disabled_manually' | 'disabled_inactivity' }[]
  /** `OWNER/NAME` that it had before: GitHub sends whoever asks for that on. */
  formerName?: string
}

/** The repository that is played, and what it is connected to. */
export interface GitHubOptions {
  /** `OWNER/NAME` */
  repository: string
  /** Default 1 and 2, as the engine's. */
  repositoryId?: number
  ownerId?: number
  /** The files of the repository, the same at every known commit. */
  repositoryFolder: string
  /** Commits by the branch they are the head of; those of runs are known too. */
  branches: Readonly<Record<string, string>>
  /** Commits that a branch holds before its head, by its name, the newest first. Default none. */
  history?: Readonly<Record<string, readonly string[]>>
  /** Names of branches that a protection rule holds for. Default none. */
  protectedBranches?: readonly string[]
  /** Commits by the tag that names them. Default none. */
  tags?: Readonly<Record<string, string>>
  environments: readonly EnvironmentSetting[]
  settings?: RepositorySettings
  /** What is uploaded stays here: `RUN/ID.zip`, and unpacked in `RUN/NAME/`. */
  artifactFolder: string
  /** Where that was uploaded which a state names that is restored. Default `artifactFolder`. */
  keptArtifactFolder?: string
  /** The clock of every time that is told, of token lives and of the rate limit. */
  now(): Date
  /** The runs of this process, all attempts. */
  runs(): readonly RunView[]
  /** A job asked for the end of a run. */
  onCancel?(runId: number): void
  /** `ids`: the immutable form of repositories made since 2026-07-15, `repo:O@ID/R@ID:...`. Default `names`. */
  oidcSubject?: 'names' | 'ids'
  /** REST calls per hour and repository; default 1000, GitHub's for GITHUB_TOKEN. */
  rateLimit?: number
}

/** Who said what to the jobs that wait for some environments of a run. */
export interface RecordedApproval {
  state: 'approved' | 'rejected'
  comment: string
  /** Login of who answered. */
  user: string
  environments: string[]
}
