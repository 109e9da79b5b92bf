export type { Deployment } from './deployments'
export { startGitHub, type GitHubEmulator, type UploadedArtifact } from './github'
export type { EnvironmentSetting } from './github-options'
export { gitHubState, type GitHubState } from './github-state'
