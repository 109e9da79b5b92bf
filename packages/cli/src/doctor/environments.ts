import { z } from 'zod'
import {
  listEnvironments,
  reviewersIn,
  waitMinutesOf,
  waitsOf,
  weaknessesOf,
  type Environment,
  type GitHub,
} from '@deploy-actions/action-kit'
import type { RegionEntry } from '@deploy-actions/config'
import {
  describeRule,
  environmentCommands,
  sameRule,
  type BranchRule,
  type Pattern,
  type Reviewer,
} from '../environment-commands'
import type { Unchecked } from '../finding'
import type { GhRepository } from '../gh'
import { orUnchecked } from './could-not'
import type { DoctorFinding } from './report'

interface Options {
  repository: GhRepository
  defaultBranch: string
  regions: readonly RegionEntry[]
  github: GitHub
  unchecked: Unchecked[]
}

/**
 * Every region's environment exists and is protected; every guard environment asks nobody and takes the same branches.
 * One call for each hundred environments, and one for each of ours that names branches by patterns.
 */
export async function environmentFindings(options: Options): Promise<DoctorFinding[]> {
  const { regions, github, unchecked } = options
  const all = await orUnchecked('the environments of the regions and of their guards', unchecked, () =>
    listEnvironments({ github }),
  )
  if (!all) return []
  const findings = await Promise.all(regions.map((region) => ofRegion(region, all, options)))
  return findings.flat()
}

async function ofRegion(
  region: RegionEntry,
  all: readonly Environment[],
  options: Options,
): Promise<DoctorFinding[]> {
  const named = (name: string): Environment | undefined => all.find((one) => same(one.name, name))
  const [target, guard] = [named(region.environment), named(region['guard-environment'])]
  const [rule, guardRule] = [await ruleOf(target, options), await ruleOf(guard, options)]
  // Where the region takes every branch, the guard is held to what the region should take.
  const wanted: BranchRule | undefined =
    rule?.kind === 'any' || !target ? defaultRule(options.defaultBranch) : rule
  return [
    ...(target ? ofTarget(target, wanted ?? rule, options) : [missingTarget(region, options)]),
    ...(guard
      ? ofGuard(region, guard, { wanted, has: guardRule, isGiven: rule === wanted }, options)
      : [missingGuard(region, wanted ?? defaultRule(options.defaultBranch), options)]),
  ]
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const defaultRule = (branch: string): BranchRule => ({
  kind: 'named',
  patterns: [{ name: branch, type: 'branch' }],
})

function missingTarget(region: RegionEntry, { repository, defaultBranch }: Options): DoctorFinding {
  const name = region.environment
  const commands = environmentCommands(repository, {
    ...{ name, reviewers: ['self'], waitMinutes: 0, rule: defaultRule(defaultBranch) },
  })
  return {
    kind: 'environment-missing',
    where: name,
    what: `the environment of ${region.name} does not exist`,
    why: 'GitHub creates it at the first rollout, unprotected: nobody is asked',
    mend: commands.map((run) => ({ run })),
  }
}

function ofTarget(
  found: Environment,
  rule: BranchRule | undefined,
  { repository }: Options,
): DoctorFinding[] {
  const weak = weaknessesOf(found)
  if (weak.length === 0) return []
  const kept = keptReviewers(found)
  const commands = environmentCommands(repository, {
    name: found.name,
    reviewers: kept.length > 0 ? kept : ['self'],
    waitMinutes: waitMinutesOf(found),
    rule: rule ?? { kind: 'protected' },
    has: rule?.kind === 'named' && found.deployment_branch_policy ? rule.patterns : [],
  })
  return [
    {
      kind: 'environment-weak',
      where: found.name,
      what: `the environment ${weak.join(', ')}`,
      why: 'a rollout may begin there that nobody has looked at',
      // Its rule could not be read: what is written must not take it away.
      mend: rule ? commands.map((run) => ({ run })) : [],
    },
  ]
}

function missingGuard(region: RegionEntry, rule: BranchRule, { repository }: Options): DoctorFinding {
  const name = region['guard-environment']
  const commands = environmentCommands(repository, { name, reviewers: [], waitMinutes: 0, rule })
  return {
    kind: 'guard-missing',
    where: name,
    what: `the guard environment of ${region.name} does not exist`,
    why: 'a restore would run in one that GitHub creates unprotected, and any branch could use it',
    mend: commands.map((run) => ({ run })),
  }
}

interface GuardRules {
  wanted: BranchRule | undefined
  has: BranchRule | undefined
  /** the region has the wanted rule itself */
  isGiven: boolean
}

function ofGuard(
  region: RegionEntry,
  found: Environment,
  { wanted, has, isGiven }: GuardRules,
  { repository }: Options,
): DoctorFinding[] {
  const waits = waitsOf(found)
  const differs = wanted !== undefined && has !== undefined && !sameRule(wanted, has)
  const rule = differs ? wanted : has
  const commands = rule
    ? environmentCommands(repository, {
        ...{ name: found.name, reviewers: [], waitMinutes: 0, rule },
        has: has?.kind === 'named' ? has.patterns : [],
      })
    : []
  const mend = commands.map((run) => ({ run }))
  const where = found.name
  return [
    ...(waits.length === 0
      ? []
      : [
          {
            ...{ kind: 'guard-waits' as const, where, mend },
            what: `the guard environment of ${region.name} has ${waits.join(' and ')}`,
            why: 'a restore waits for that while clients get errors',
          },
        ]),
    ...(differs
      ? [
          {
            ...{ kind: 'guard-branches' as const, where, mend },
            what: `the guard environment takes ${describeRule(has)}, and ${region.environment} ${isGiven ? 'takes' : 'should take'} ${describeRule(wanted)}`,
            why: 'a rollout may begin whose guard GitHub does not let in, or any branch may steer traffic',
          },
        ]
      : []),
  ]
}

const policy = z.looseObject({
  id: z.int().optional(),
  name: z.string(),
  type: z.enum(['branch', 'tag']).nullish(),
})

/** Undefined where there is no environment, and where its patterns cannot be read, which is said. */
async function ruleOf(
  environment: Environment | undefined,
  { github, unchecked }: Options,
): Promise<BranchRule | undefined> {
  if (!environment) return undefined
  const written = environment.deployment_branch_policy
  if (!written) return { kind: 'any' }
  if (written.protected_branches === true) return { kind: 'protected' }
  const found = await orUnchecked(`the branches that ${environment.name} takes`, unchecked, () =>
    github.list(
      'GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies',
      { environment_name: environment.name },
      { permission: 'actions: read', pick: 'branch_policies' },
    ),
  )
  return found && { kind: 'named', patterns: found.map(readPattern) }
}

function readPattern(found: unknown): Pattern {
  const { id, name, type } = policy.parse(found)
  return { name, type: type ?? 'branch', ...(id === undefined ? {} : { id }) }
}

const reviewer = z.looseObject({ type: z.string(), reviewer: z.looseObject({ id: z.int() }) })

const keptReviewers = (environment: Environment): Reviewer[] =>
  reviewersIn(environment).flatMap((found) => {
    const read = reviewer.safeParse(found)
    return read.success ? [{ type: read.data.type, id: read.data.reviewer.id }] : []
  })
