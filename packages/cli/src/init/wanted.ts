import { InputError, type Problem } from '@deploy-actions/action-kit'

/** A region as it is asked for. */
export interface WantedRegion {
  name: string
  environment: string
  vars: Readonly<Record<string, string>>
}

/** What `init` is asked to write. */
export interface Wanted {
  service: string
  regions: readonly WantedRegion[]
  order: string
  delay?: string
  /** YAML as traffic.canary.router of rollout.yml */
  router: string
  /** address of HAProxy's own metrics */
  metrics: string
  /** `OWNER/deploy-actions` */
  suite: string
  /** path of rollout.yml */
  config: string
}

/** Options as they were given; those that are missing are asked for, or named. */
export interface GivenOptions {
  service?: string
  region: string[]
  order: string
  delay?: string
  router: string
  metricsPage: string
  suite?: string
  config: string
}

export const EXAMPLE_REGION = 'us-east=production-us-east,proxy=10.1.0.5'

/** @throws InputError that names every option that is missing or cannot be read */
export function wantedBy({ service, region, suite, order, delay, ...given }: GivenOptions): Wanted {
  const regions = region.map(readRegion)
  const problems: Problem[] = [
    ...(service === undefined ? [{ where: '--service', message: 'is missing' }] : []),
    ...(suite !== undefined && /^[\w.-]+\/[\w.-]+$/.test(suite)
      ? []
      : [
          {
            where: '--suite',
            message: `${suite === undefined ? 'is missing' : `${suite} is not a repository`}; write OWNER/deploy-actions`,
          },
        ]),
    ...(region.length === 0
      ? [{ where: '--region', message: `is missing; for example ${EXAMPLE_REGION}` }]
      : []),
    ...region.flatMap((text, index) =>
      regions[index]
        ? []
        : [{ where: '--region', message: `${text} is not NAME=ENVIRONMENT; for example ${EXAMPLE_REGION}` }],
    ),
  ]
  if (problems.length > 0 || service === undefined || suite === undefined) throw new InputError(problems)
  return {
    ...{ service, suite, order, router: given.router, metrics: given.metricsPage, config: given.config },
    ...(delay === undefined ? {} : { delay }),
    regions: regions.filter((one) => one !== undefined),
  }
}

/** `NAME=ENVIRONMENT`, and after commas `VAR=VALUE`. */
function readRegion(text: string): WantedRegion | undefined {
  const [first, ...vars] = text.split(',').map((part) => /^\s*([^=\s]+)=(.*?)\s*$/.exec(part))
  if (!first || first[2] === '' || vars.some((one) => one === null)) return undefined
  return {
    name: first[1] ?? '',
    environment: first[2] ?? '',
    vars: Object.fromEntries(vars.map((one) => [one?.[1] ?? '', one?.[2] ?? ''])),
  }
}
