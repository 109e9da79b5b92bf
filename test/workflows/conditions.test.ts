import { describe, expect, it } from '@jest/globals'
import {
  CALLER,
  DRIFT_CALLER,
  EMERGENCY_CALLER,
  healthy,
  INFRASTRUCTURE_CALLER,
  planned,
  playDay,
  readTemplates,
  SWEEP_CALLER,
  targets,
  trace,
  type Day,
  type Played,
  steerCaller,
} from './stub-suite'

const RED = { fails: true }
const RESTORED = { outputs: { outcome: 'restored' } }
/** A prepare that lets no deploy begin. */
const NO: Day = { 'prepare rollout-plan region': RED }

/** A rollout whose release is brought onto the old arm, too. */
const PROMOTE: Day = {
  'deploy restore-point begin': { outputs: { transaction: 't-1', outcome: 'begun', finish: 'promote' } },
}

/** A deploy job that died right after its commit, and is run again. */
const COMMITTED_EARLIER: Day = {
  'deploy restore-point begin': { outputs: { transaction: 't-1', outcome: 'already-committed' } },
}

/** A plan that fails in a further attempt: it names the regions for their guards, and nothing else. */
const UNPLANNED: Day = {
  'plan rollout-plan plan': {
    outputs: { service: 'shop', regions: planned(), 'max-parallel': '1' },
    fails: true,
  },
}

/** A healthy day on which the plan gives these regions. */
const withRegions = (regions: string): Played => ({
  day: { 'plan rollout-plan plan': { outputs: { ...healthy['plan rollout-plan plan']?.outputs, regions } } },
})

/** Days on which a condition matters, by the line that has it. */
const days: Record<string, Played> = {
  healthy: { day: {} },
  'nothing to do': withRegions('[]'),
  'plan refused': { day: { 'plan rollout-plan plan': RED } },
  'no parts': withRegions(
    planned({
      ...{ soak: false, before: false, share: false, 'after-deploy': false, 'after-rollout': false },
      ...{ finished: false, infrastructure: false, outputs: false },
    }),
  ),
  'predecessor not done': { day: { 'soak rollout-plan predecessor': { outputs: { proceed: 'false' } } } },
  'red soak': {
    day: { 'soak health-gate watch after-rollout': { outputs: { verdict: 'fail' }, fails: true } },
  },
  'no need to deploy': { day: { 'prepare rollout-plan region': { outputs: { proceed: 'false' } } } },
  'bad canary': { day: { 'deploy canary-step': RED } },
  'begin refused': { day: { 'deploy restore-point begin': RED } },
  rejected: { day: {}, reject: ['production-eu-west'] },
  'committed by an earlier attempt': { day: COMMITTED_EARLIER },
  'nothing to apply': { day: { 'prepare plan-apply plan': { outputs: { outcome: 'no-changes' } } } },
  'a plan that is refused': { day: { 'prepare plan-apply plan': RED } },
  'an apply that fails': { day: { 'deploy plan-apply apply': RED } },
  'an infrastructure that gives something else by now': { day: { 'deploy plan-apply outputs': RED } },
  'a state of the region before that cannot be read': { day: { 'soak plan-apply outputs': RED } },
  'a router that cannot be judged': { day: { 'prepare rollout-plan reach': RED } },
  'stacks alone': withRegions(planned({ infrastructure: false })),
  'to be promoted': { day: PROMOTE },
  'an old arm that does not take it': { day: { ...PROMOTE, 'deploy traffic-weight switch': RED } },
  'an old arm that may not be written': {
    day: { ...PROMOTE, 'deploy restore-point begin onto the old arm': RED },
  },
  'guard restores': {
    day: { 'deploy canary-step': RED, 'guard restore-point restore': RESTORED },
  },
  'no longer let through when run again': {
    day: { 'deploy canary-step': RED },
    again: { ...NO, 'guard restore-point restore': RESTORED },
  },
}

/** The same for what a person has taken back. */
const emergencies: Record<string, Played> = {
  'taken back': { day: {} },
  'nothing to take back': { day: { 'fence restore-point fence': { outputs: { targets: '[]' } } } },
  'not to be taken back': {
    day: { 'fence restore-point fence': { outputs: { targets: targets() }, fails: true } },
  },
  'the traffic stays away': { day: { 'traffic restore-point restore': RED } },
  'the run does not end': { day: { 'traffic restore-point stop': RED, 'workload restore-point stop': RED } },
  'the workload stays away': {
    day: { 'workload restore-point restore': { outputs: { outcome: 'restore-failed' }, fails: true } },
  },
  'of a workflow without rollout.yml': {
    day: { 'fence restore-point fence': { outputs: { targets: targets({ config: '' }) } } },
  },
}

/** The same for what a run has left behind. */
const sweeps: Record<string, Played> = {
  'left behind': { day: {} },
  'nothing left behind': { day: { 'find restore-point sweep': { outputs: { outcome: 'nothing-open' } } } },
  'an old arm is due': {
    day: { 'find restore-point sweep': { outputs: { outcome: 'found', 'old-arms': targets() } } },
  },
  'an old arm that stays': {
    day: {
      'find restore-point sweep': { outputs: { outcome: 'found', 'old-arms': targets() } },
      'old-arms restore-point decommission': {
        outputs: { outcome: 'failed', attempt: '1' },
        fails: true,
      },
    },
  },
  'an old arm that stays again': {
    day: {
      'find restore-point sweep': { outputs: { outcome: 'found', 'old-arms': targets() } },
      'old-arms restore-point decommission': {
        outputs: { outcome: 'failed', attempt: '2' },
        fails: true,
      },
    },
  },
  'not to be put back': {
    day: { 'find restore-point sweep': { outputs: { outcome: 'failed' }, fails: true } },
  },
  'tried before': {
    day: {
      'find restore-point sweep': {
        outputs: { outcome: 'found', targets: targets({ 'tell-failure': false }) },
      },
      'workload restore-point restore': { outputs: { outcome: 'restore-failed' }, fails: true },
    },
  },
}

/** The same for what a person says to a rollout. */
const steers: Record<string, Played> = {
  'there is somebody to hear it': { day: {} },
  'nothing is under way': { day: { 'say restore-point steer': { fails: true } } },
}

/** The same for what has drifted. */
const drifts: Record<string, Played> = {
  'looked for': { day: {} },
  'no infrastructure': { day: { 'find plan-apply regions': RED } },
  'a region that cannot be looked at': { day: { 'region plan-apply drift': RED } },
}

/** The same for an infrastructure without a release. */
const infrastructures: Record<string, Played> = {
  'brought to what is planned': { day: {} },
  'nothing of it changed': {
    day: { 'find plan-apply regions': { outputs: { service: 'shop', regions: '[]' } } },
  },
  'no infrastructure to bring': { day: { 'find plan-apply regions': RED } },
  'as it is planned': { day: { 'plan plan-apply plan': { outputs: { outcome: 'no-changes' } } } },
  'a plan that is refused beforehand': { day: { 'plan plan-apply plan': RED } },
  'an apply of it fails': { day: { 'apply plan-apply apply': RED } },
  'its reviewer says no': { day: {}, reject: ['production-us-east'] },
}

interface Stage {
  days: Record<string, Played>
  caller: string
}
const rollouts: Stage = { days, caller: CALLER }
const stages: Record<string, Stage> = {
  'emergency-rollback.yml': { days: emergencies, caller: EMERGENCY_CALLER },
  'restore-region.yml': { days: emergencies, caller: EMERGENCY_CALLER },
  'sweeper.yml': { days: sweeps, caller: SWEEP_CALLER },
  'drift.yml': { days: drifts, caller: DRIFT_CALLER },
  'infrastructure.yml': { days: infrastructures, caller: INFRASTRUCTURE_CALLER },
  'infrastructure-stack.yml': { days: infrastructures, caller: INFRASTRUCTURE_CALLER },
  'steer.yml': { days: steers, caller: steerCaller('skip') },
}

/** The days on which a template is played, and what calls it. */
const played = (file: string): Stage => stages[file] ?? rollouts

/** Every `if:` of a template: where it stands, and the text. */
function conditionsOf(text: string): { line: number; expression: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const expression = /^\s+(?:- )?if: \$\{\{ (.*) \}\}$/.exec(line)?.[1]
    return expression === undefined ? [] : [{ line: index, expression }]
  })
}

function negate(text: string, line: number, expression: string): string {
  const lines = text.split('\n')
  lines[line] = lines[line]?.replace(`\${{ ${expression} }}`, `\${{ !(${expression}) }}`) ?? ''
  return lines.join('\n')
}

describe('the conditions of the templates', () => {
  it('are all written in the one form that this test can break', async () => {
    for (const [name, text] of Object.entries(await readTemplates()))
      expect({ name, conditions: conditionsOf(text).length }).toEqual({
        name,
        conditions: text.split('\n').filter((line) => /^\s+(- )?if:/.test(line)).length,
      })
  })

  it('each change a run when they are negated', async () => {
    const templates = await readTemplates()
    const proper = new Map<string, string[]>()
    for (const { days, caller } of [rollouts, ...Object.values(stages)]) {
      for (const [name, day] of Object.entries(days))
        proper.set(name, trace(await playDay(templates, day, caller)))
    }
    const idle: string[] = []
    for (const [file, text] of Object.entries(templates)) {
      for (const { line, expression } of conditionsOf(text)) {
        const broken = { ...templates, [file]: negate(text, line, expression) }
        if (!(await changesSomeDay(file, broken, proper))) idle.push(`${file}:${line + 1}: ${expression}`)
      }
    }
    expect(idle).toEqual([])
  }, 600_000)
})

async function changesSomeDay(
  file: string,
  broken: Record<string, string>,
  proper: Map<string, string[]>,
): Promise<boolean> {
  const { days, caller } = played(file)
  for (const [name, day] of Object.entries(days))
    if (JSON.stringify(trace(await playDay(broken, day, caller))) !== JSON.stringify(proper.get(name)))
      return true
  return false
}

describe('the days of a sweep', () => {
  const play = async (name: string): Promise<string[]> =>
    trace(await playDay(await readTemplates(), sweeps[name] ?? { day: {} }, SWEEP_CALLER))

  it('puts back what was left behind, and reports it', async () => {
    const lines = await play('left behind')
    for (const job of ['find', 'shop eu-west / traffic', 'shop eu-west / workload', 'report'])
      expect(lines).toContain(`sweep / ${job}: success`)
    expect(lines).toContain('sweep / shop eu-west / workload / Tell that it was put back: success')
  })

  it('is one job where nothing was left behind, and nobody keeps that', async () => {
    const lines = await play('nothing left behind')
    expect(lines).toContain('sweep / find / Keep the evidence of what was found: skipped')
    expect(lines.filter((line) => /^sweep \/ [^/]+: /.test(line) && !line.endsWith('skipped'))).toEqual([
      'sweep / find: success',
    ])
  })

  it('is red where something is left that no job can put back', async () => {
    expect(await play('not to be put back')).toContain('sweep / find: failure')
  })

  it('removes an old arm in a job of its own, and tells people once that it could not', async () => {
    const job = 'sweep / old arm of shop eu-west'
    const told = `${job} / Tell that it could not be removed`
    const removed = await play('an old arm is due')
    expect(removed).toContain(`${job}: success`)
    expect(removed).toContain('sweep / report: skipped')
    expect(removed).toContain(`${told}: skipped`)
    expect(await play('an old arm that stays')).toContain(`${told}: success`)
    const again = await play('an old arm that stays again')
    expect(again).toContain(`${job}: failure`)
    expect(again).toContain(`${told}: skipped`)
  })

  it('tells people once that a region could not be put back, not every hour', async () => {
    const lines = await play('tried before')
    expect(lines).toContain('sweep / shop eu-west / workload: failure')
    expect(lines).toContain('sweep / shop eu-west / workload / Tell that it was put back: skipped')
  })
})

describe('the days of a drift', () => {
  const play = async (name: string): Promise<string[]> =>
    trace(await playDay(await readTemplates(), drifts[name] ?? { day: {} }, DRIFT_CALLER))

  it('is looked for in each region', async () => {
    const lines = await play('looked for')
    for (const region of ['us-east', 'eu-west'])
      expect(lines).toEqual(
        expect.arrayContaining([`drift / ${region}: success`, `drift / ${region} / Look for drift: success`]),
      )
  })

  it('is red where a region cannot be looked at, or there is none', async () => {
    expect(await play('a region that cannot be looked at')).toContain('drift / eu-west: failure')
    const lines = await play('no infrastructure')
    expect(lines).toContain('drift / find: failure')
    expect(lines.filter((line) => line.includes('Look for drift'))).toEqual([])
  })
})

describe('the days of an infrastructure', () => {
  const play = async (name: string): Promise<string[]> =>
    trace(
      await playDay(await readTemplates(), infrastructures[name] ?? { day: {} }, INFRASTRUCTURE_CALLER),
    ).filter((line) => / (plan|apply): /.test(line))
  const of = (region: string, plan: string, apply: string): string[] => [
    `infrastructure / ${region} / apply: ${apply}`,
    `infrastructure / ${region} / plan: ${plan}`,
  ]

  it('is planned and applied in each region', async () => {
    expect(await play('brought to what is planned')).toEqual([
      ...of('eu-west', 'success', 'success'),
      ...of('us-east', 'success', 'success'),
    ])
  })

  it('asks nobody where nothing is to be applied, and begins nothing where nothing changed', async () => {
    expect(await play('as it is planned')).toEqual([
      ...of('eu-west', 'success', 'skipped'),
      ...of('us-east', 'success', 'skipped'),
    ])
    expect(await play('nothing of it changed')).toEqual([])
  })

  it.each<[string, string[]]>([
    ['a plan that is refused beforehand', of('us-east', 'failure', 'skipped')],
    ['an apply of it fails', of('us-east', 'success', 'failure')],
    ['its reviewer says no', of('us-east', 'success', 'failure')],
  ])('ends with the region in which it fails: %s', async (name, lines) => {
    expect(await play(name)).toEqual(lines)
  })
})

describe('what a person says to a rollout', () => {
  const play = async (say: string, name = 'there is somebody to hear it'): Promise<string[]> =>
    trace(await playDay(await readTemplates(), steers[name] ?? { day: {} }, steerCaller(say)))

  it('is said at once, by a job that asks nobody', async () => {
    const lines = await play('hold')
    expect(lines).toContain('steer / say / Say it: success')
    expect(lines.filter((line) => /skip .*: success$/.test(line))).toEqual([])
  })

  it('takes the environment of each region where it skips stages', async () => {
    const lines = await play('skip')
    expect(lines).toContain('steer / skip eu-west / Skip to 100 %: success')
  })

  it('asks no reviewer where nothing is under way', async () => {
    const lines = await play('skip', 'nothing is under way')
    expect(lines).toContain('steer / say: failure')
    expect(lines.filter((line) => /Skip to 100 %/.test(line))).toEqual([])
  })
})

describe('the days of an emergency', () => {
  const play = async (name: string): Promise<Record<string, string>> => {
    const lines = trace(
      await playDay(await readTemplates(), emergencies[name] ?? { day: {} }, EMERGENCY_CALLER),
    )
    return Object.fromEntries(
      lines
        .filter((line) => /^rollback \/ (eu-west \/ )?[a-z]+: /.test(line))
        .map((line) => line.replace(/^rollback \/ (eu-west \/ )?/, '').split(': ') as [string, string]),
    )
  }
  const all = { fence: 'success', traffic: 'success', workload: 'success', report: 'success' }

  it.each<[string, Record<string, string>]>([
    ['taken back', all],
    ['nothing to take back', { fence: 'success', report: 'success' }],
    ['not to be taken back', { fence: 'failure', report: 'failure' }],
    // The workload's job tries the traffic for longer, and touches nothing before it is back.
    ['the traffic stays away', { ...all, traffic: 'failure' }],
    ['the run does not end', { ...all, workload: 'failure' }],
    ['the workload stays away', { ...all, workload: 'failure' }],
  ])('%s: its jobs end so', async (name, jobs) => expect(await play(name)).toMatchObject(jobs))
})

describe('the days of a region', () => {
  const play = async (name: keyof typeof days): Promise<string[]> =>
    trace(await playDay(await readTemplates(), days[name] ?? { day: {} }))
  const conclusions = (lines: string[]): Record<string, string> =>
    Object.fromEntries(
      lines
        .filter((line) => /eu-west \/ [a-z-]+: /.test(line))
        .map((line) => line.replace('rollout / eu-west / ', '').split(': ') as [string, string]),
    )

  it('commits on a healthy day, and the guard does not run', async () => {
    expect(conclusions(await play('healthy'))).toEqual({
      soak: 'success',
      'guard-predecessor': 'skipped',
      prepare: 'success',
      deploy: 'success',
      guard: 'skipped',
    })
  })

  it('begins nothing that was committed by an earlier attempt, and does what follows a commit', async () => {
    const lines = await play('committed by an earlier attempt')
    const deploy = 'rollout / eu-west / deploy'
    const ran = lines.filter((line) => line.startsWith(`${deploy} / `) && line.endsWith(': success'))
    expect(ran.map((line) => line.slice(deploy.length + 3, -': success'.length))).toEqual([
      'Begin the transaction',
      'Check out',
      'Open the evidence chain',
      'Run the finished hook',
      'Tell that it was promoted',
    ])
    expect(lines).toContain(`${deploy}: success`)
    expect(lines).toContain('rollout / eu-west / guard: skipped')
  })

  it('asks nobody for an infrastructure whose plan is refused', async () => {
    const lines = await play('a plan that is refused')
    expect(conclusions(lines)).toMatchObject({ prepare: 'failure', deploy: 'skipped' })
  })

  it('puts the region back whose infrastructure could not be applied, before anything else was written', async () => {
    const lines = await play('an apply that fails')
    const deploy = 'rollout / eu-west / deploy'
    expect(lines).toContain(`${deploy} / Apply the infrastructure: failure`)
    expect(lines).toContain(`${deploy} / Deploy onto the canary arm: skipped`)
    expect(lines).toContain(`${deploy} / Restore: success`)
  })

  it('goes by what its infrastructure gives, or by what its stacks have made, asked before the approval and held before the deploy', async () => {
    const [whole, stacks] = [await play('healthy'), await play('stacks alone')]
    const read = 'rollout / eu-west / prepare / Read what the stacks have made'
    expect([whole, stacks].map((lines) => lines.find((line) => line.startsWith(read)))).toEqual([
      `${read}: skipped`,
      `${read}: success`,
    ])
    for (const lines of [whole, stacks]) {
      expect(lines).toContain('rollout / eu-west / prepare / Ask the router and the metrics: success')
      expect(lines).toContain('rollout / eu-west / soak / Read what its infrastructure gives: success')
    }
    expect(conclusions(await play('a router that cannot be judged'))).toMatchObject({
      prepare: 'failure',
      deploy: 'skipped',
    })
    const other = await play('an infrastructure that gives something else by now')
    const deploy = 'rollout / eu-west / deploy'
    expect(other).toContain(`${deploy} / Deploy onto the canary arm: skipped`)
    expect(other).toContain(`${deploy} / Restore: success`)
  })

  it('watches the region before also where the state of its infrastructure cannot be read', async () => {
    const lines = await play('a state of the region before that cannot be read')
    const soak = 'rollout / eu-west / soak'
    expect(lines).toContain(`${soak} / Watch the region before: success`)
    expect(lines).toContain(`${soak}: success`)
  })

  it('does not go on to the release where changes were planned and no plan was kept', async () => {
    const { day } = days['healthy'] as Played
    const lost: Day = {
      ...day,
      'prepare plan-apply plan': { outputs: { outcome: 'planned' } },
      'deploy plan-apply apply': RED,
    }
    const lines = trace(await playDay(await readTemplates(), { day: lost }))
    expect(lines).toContain('rollout / eu-west / deploy / Apply the infrastructure: failure')
    expect(lines).toContain('rollout / eu-west / deploy / Deploy onto the canary arm: skipped')
  })

  it('applies nothing where nothing is to be applied', async () => {
    const lines = await play('nothing to apply')
    const deploy = 'rollout / eu-west / deploy'
    expect(lines).toContain(`${deploy} / Apply the infrastructure: skipped`)
    expect(lines).toContain(`${deploy}: success`)
  })

  it.each<[keyof typeof days, Record<string, string>]>([
    ['healthy', { begin: 'skipped', commit: 'skipped', restore: 'skipped', finished: 'success' }],
    ['to be promoted', { begin: 'success', commit: 'success', restore: 'skipped', finished: 'success' }],
    [
      'an old arm that does not take it',
      { begin: 'success', commit: 'skipped', restore: 'success', finished: 'skipped' },
    ],
    [
      'an old arm that may not be written',
      { begin: 'failure', commit: 'skipped', restore: 'skipped', finished: 'skipped' },
    ],
  ])('%s: the old arm gets the release in a transaction of its own, after the commit', async (name, ends) => {
    const lines = await play(name)
    const ended = (step: string) =>
      lines
        .find((line) => line.includes(`deploy / ${step}: `))
        ?.split(': ')
        .at(-1)
    expect([ended('Commit'), ended('Tell that it was promoted')]).toEqual(['success', 'success'])
    expect({
      begin: ended('Begin to bring it onto the old arm'),
      commit: ended('Commit what is on the old arm'),
      restore: ended('Put the old arm back'),
      finished: ended('Run the finished hook'),
    }).toEqual(ends)
    expect(ended('Tell that the old arm was put back')).toBe(ends['restore'])
    expect(ended('Restore')).toBe('skipped')
  })

  it('runs without a soak when there is none: an optional job that is skipped skips nothing after it', async () => {
    expect(conclusions(await play('no parts'))).toMatchObject({
      soak: 'skipped',
      prepare: 'success',
      deploy: 'success',
    })
  })

  it('stops at a predecessor that is not done', async () => {
    expect(conclusions(await play('predecessor not done'))).toEqual({
      soak: 'success',
      'guard-predecessor': 'skipped',
      prepare: 'skipped',
      deploy: 'skipped',
      guard: 'skipped',
    })
  })

  it('restores the predecessor when its soak is red', async () => {
    expect(conclusions(await play('red soak'))).toMatchObject({
      soak: 'failure',
      'guard-predecessor': 'success',
      prepare: 'skipped',
      deploy: 'skipped',
    })
  })

  it('restores in the job when the canary is bad, and the guard looks', async () => {
    const lines = await play('bad canary')
    expect(lines).toContain('rollout / eu-west / deploy / Commit: skipped')
    expect(lines).toContain('rollout / eu-west / deploy / Restore: success')
    expect(conclusions(lines)).toMatchObject({ deploy: 'failure', guard: 'success' })
  })

  it('restores nothing when nothing was begun', async () => {
    expect(await play('begin refused')).toContain('rollout / eu-west / deploy / Restore: skipped')
  })

  it('lets the guard look after a rejection, and ends it as failed when it restored', async () => {
    expect(conclusions(await play('rejected'))).toMatchObject({ deploy: 'failure', guard: 'success' })
    expect(conclusions(await play('guard restores'))).toMatchObject({ guard: 'failure' })
  })

  it('lets the guard restore what an earlier attempt left open, though prepare lets no deploy begin any more', async () => {
    const lines = await play('no longer let through when run again')
    expect(conclusions(lines)).toMatchObject({ prepare: 'failure', deploy: 'skipped', guard: 'failure' })
    expect(lines).toContain('rollout / eu-west / guard / Restore what is open: success')
    expect(lines).toContain('rollout / eu-west / guard / Tell that it was restored: success')
    // This attempt has written nothing: what it uploaded cannot say what is open, only the ledger can.
    expect(lines).toContain('rollout / eu-west / guard / Put the traffic back: skipped')
  })

  const playNew = async (played: Played): Promise<string[]> =>
    trace(await playDay(await readTemplates(), played))

  it('lets the guard restore what an earlier attempt left open, though the plan fails now', async () => {
    const lines = await playNew({
      day: { 'deploy canary-step': RED },
      again: { ...UNPLANNED, 'guard restore-point restore': RESTORED },
    })
    expect(lines).toContain('rollout / plan: failure')
    expect(conclusions(lines)).toEqual({
      soak: 'skipped',
      'guard-predecessor': 'skipped',
      prepare: 'skipped',
      deploy: 'skipped',
      guard: 'failure',
    })
    expect(lines).toContain('rollout / eu-west / guard / Restore what is open: success')
    expect(lines).toContain('rollout / eu-west / guard / Put the traffic back: skipped')
  })

  it('starts no region in a first attempt whose plan fails', async () => {
    expect(conclusions(await playNew({ day: UNPLANNED }))).toEqual({})
  })

  it.each([
    ['it is no longer let through', NO, 'failure'],
    ['it is done', { 'prepare rollout-plan region': { outputs: { proceed: 'false' } } }, 'success'],
  ] as [string, Day, string][])(
    'ends the guard of a further attempt quietly: %s',
    async (_, again, prepare) => {
      const lines = await playNew({ day: {}, again })
      expect(conclusions(lines)).toMatchObject({ prepare, deploy: 'skipped', guard: 'success' })
      expect(lines).toContain('rollout / eu-west / guard / Tell that it was restored: skipped')
    },
  )

  it.each([
    ['in a first attempt that is not let through', { day: NO }],
    ['in a further one that commits', { day: { 'deploy canary-step': RED }, again: {} }],
  ] as [string, Played][])('needs no guard %s', async (_, played) =>
    expect(conclusions(await playNew(played))).toMatchObject({ guard: 'skipped' }),
  )
})

describe('OIDC', () => {
  it('may be asked for by every job that runs scripts of rollout.yml, and by no other', async () => {
    const run = await playDay(await readTemplates(), { day: {} })
    const may = run.jobs.filter(({ permissions }) => permissions['id-token'] === 'write')
    expect([...new Set(may.map(({ name }) => name.split(' / ').at(-1)))].sort()).toEqual([
      'deploy',
      'guard',
      'guard-predecessor',
      'plan',
      'prepare',
      'soak',
    ])
  })

  it('fails at the start for a caller that does not grant it', async () => {
    const caller = CALLER.replace(', id-token: write', '')
    await expect(playDay(await readTemplates(), { day: {} }, caller)).rejects.toThrow(
      "is requesting 'id-token: write', but is only allowed 'id-token: none'",
    )
  })
})
