import { z } from 'zod'
import {
  InputError,
  lookingGitHub,
  messageOf,
  ProviderError,
  type Ports,
  type Problem,
} from '@deploy-actions/action-kit'
import { defined } from '@deploy-actions/rollout'
import type { GhRepository } from './gh'

/** The options by which a command is told of a repository. */
export interface AccessOptions {
  repository?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** A repository at GitHub that is looked at and never changed. */
export interface RepositoryAccess extends GhRepository {
  /** `OWNER/NAME` */
  name: string
  ports: Ports
  /** requests that were made so far */
  calls(): number
}

const DEFAULT_API = 'https://api.github.com'

/**
 * @param env GH_TOKEN or GITHUB_TOKEN; GITHUB_REPOSITORY where the option is missing; GITHUB_API_URL for an Enterprise Server
 * @throws InputError that names everything that is missing
 */
export function repositoryAccess(
  { repository }: AccessOptions,
  env: Environment,
  ports: Ports,
): RepositoryAccess {
  const name = repository ?? env['GITHUB_REPOSITORY'] ?? ''
  const [owner = '', repo = '', ...more] = name.split('/')
  const token = env['GH_TOKEN'] ?? env['GITHUB_TOKEN'] ?? ''
  const apiUrl = (env['GITHUB_API_URL'] ?? DEFAULT_API).replace(/\/$/, '')
  const isName = [owner, repo].every((part) => /^[\w.-]+$/.test(part)) && more.length === 0
  const problems: Problem[] = [
    ...(isName
      ? []
      : [
          {
            where: '--repository',
            message: `${name === '' ? 'is missing' : `${name} is not a repository`}; write OWNER/NAME`,
          },
        ]),
    ...(token === ''
      ? [{ where: 'GH_TOKEN', message: 'is missing; for example: export GH_TOKEN=$(gh auth token)' }]
      : []),
    ...(URL.canParse(apiUrl) ? [] : [{ where: 'GITHUB_API_URL', message: `${apiUrl} is not an address` }]),
  ]
  if (problems.length > 0) throw new InputError(problems)
  ports.log.mask(token)
  let calls = 0
  return {
    ...{ name, owner, repo },
    ...defined({ host: apiUrl === DEFAULT_API ? undefined : new URL(apiUrl).hostname }),
    ports: {
      ...ports,
      github: lookingGitHub({ token, apiUrl, owner, repo }, ports, () => {
        calls++
      }),
      // Of no run: nothing in the ledger is this one's own.
      context: {
        ...ports.context,
        ...{ owner, repo, runId: 0, workflowRef: '' },
        serverUrl: env['GITHUB_SERVER_URL'] ?? serverOf(apiUrl),
      },
    },
    calls: () => calls,
  }
}

const serverOf = (apiUrl: string): string =>
  apiUrl === DEFAULT_API ? 'https://github.com' : new URL(apiUrl).origin

const repositoryBody = z.looseObject({ full_name: z.string(), default_branch: z.string() })

/** What GitHub says of the repository, or why it does not. */
export type RepositoryLook =
  { seen: true; defaultBranch: string; renamedTo?: string } | { seen: false; why: string }

/** Asks for the repository itself: without it nothing else can be asked. Source: REST API, "Get a repository". */
export async function lookAtRepository({ name, ports }: RepositoryAccess): Promise<RepositoryLook> {
  try {
    const { full_name, default_branch } = repositoryBody.parse(
      await ports.github.request('GET /repos/{owner}/{repo}'),
    )
    const isSame = full_name.toLowerCase() === name.toLowerCase()
    return defined({
      seen: true as const,
      defaultBranch: default_branch,
      renamedTo: isSame ? undefined : full_name,
    })
  } catch (error) {
    return { seen: false, why: whyUnseen(name, error) }
  }
}

function whyUnseen(name: string, error: unknown): string {
  const status = error instanceof ProviderError ? error.status : undefined
  if (status === 404)
    return `GitHub shows no repository ${name} to this token: the name is wrong, or the token may not see it`
  if (status === 401) return 'GitHub does not take the token: it is wrong, has expired, or was revoked'
  return messageOf(error)
}
