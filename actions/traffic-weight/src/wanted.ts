import { InputError } from '@deploy-actions/action-kit'
import {
  apportion,
  formatWeights,
  parsePercent,
  sameWeights,
  WHOLE,
  type Weights,
} from '@deploy-actions/rollout'
import { heldBy, type RouterState } from '@deploy-actions/traffic'
import type { VectorInputs } from './inputs'

/**
 * The vector that the inputs ask for, given what a router shows, whose addresses may differ: one for all of them.
 * @throws InputError
 */
export function wantedOf(inputs: VectorInputs, reading: RouterState): Weights {
  const each = heldBy(reading).map((held) => wantedWeights(inputs, held))
  const [wanted = reading.weights, ...others] = each
  if (inputs.mode === 'get' || others.every((other) => sameWeights(other, wanted))) return wanted
  throw new InputError(
    `${reading.differs}: \`mode: ${inputs.mode}\` comes to other weights for each of them (${each.map(formatWeights).join('; ')}); give the whole vector by \`mode: set\`, or name the \`member\``,
  )
}

/** The vector that the inputs ask for, given what the router holds. @throws InputError */
export function wantedWeights(inputs: VectorInputs, current: Weights): Weights {
  if (inputs['expected-current'] && !sameWeights(inputs['expected-current'], current))
    throw new InputError([
      {
        where: 'input `expected-current`',
        message: `expects ${formatWeights(inputs['expected-current'])}, but the router holds ${formatWeights(current)}; nothing was written`,
      },
    ])
  switch (inputs.mode) {
    case 'get':
      return current
    case 'set':
      return known(inputs.weights ?? missing('weights', 'for example blue=90%,green=10%'), current)
    case 'restore':
      return known(
        recorded(inputs['restore-point'] ?? missing('restore-point', 'the output of an earlier step')),
        current,
      )
    case 'drain':
      return drained(
        member(inputs.member ?? missing('member', `one of ${Object.keys(current).join(', ')}`), current),
        current,
      )
    case 'switch':
      return switched(inputs.member ?? idle(current), current)
  }
}

function missing(input: string, allowed: string): never {
  throw new InputError([{ where: `input \`${input}\``, message: `is missing; give ${allowed}` }])
}

function known(wanted: Weights, current: Weights): Weights {
  for (const name of Object.keys(wanted)) member(name, current)
  return Object.fromEntries(Object.keys(current).map((name) => [name, wanted[name] ?? 0]))
}

function member(name: string, current: Weights): string {
  if (Object.hasOwn(current, name)) return name
  throw new InputError(`the router has no member ${name}; it has ${Object.keys(current).join(', ')}`)
}

/** The share of the drained member goes to the others in proportion to theirs, or evenly when they have none. */
function drained(name: string, current: Weights): Weights {
  const others = Object.fromEntries(Object.entries(current).filter(([other]) => other !== name))
  const none = Object.values(others).every((points) => points === 0)
  const shares = none ? Object.fromEntries(Object.keys(others).map((other) => [other, 1])) : others
  return {
    ...Object.fromEntries(Object.keys(current).map((other) => [other, 0])),
    ...apportion(shares, WHOLE),
  }
}

function switched(name: string, current: Weights): Weights {
  const to = member(name, current)
  return Object.fromEntries(Object.keys(current).map((other) => [other, other === to ? WHOLE : 0]))
}

function idle(current: Weights): string {
  const names = Object.entries(current)
    .filter(([, points]) => points === 0)
    .map(([name]) => name)
  return names.length === 1 && names[0] !== undefined
    ? names[0]
    : missing('member', `who gets everything: ${formatWeights(current)} has no single idle member`)
}

function recorded(text: string): Weights {
  try {
    const parsed = JSON.parse(text) as Record<string, string>
    const weights = Object.fromEntries(
      Object.entries(parsed).map(([name, share]) => [name, parsePercent(share)]),
    )
    if (Object.values(weights).reduce<number>((sum, points) => sum + (points ?? Number.NaN), 0) === WHOLE)
      return weights as Weights
  } catch {
    // Said below: the same mistake either way.
  }
  throw new InputError([
    {
      where: 'input `restore-point`',
      message: `${JSON.stringify(text.slice(0, 100))} is not a restore point; it is JSON such as {"blue":"100%","green":"0%"}`,
    },
  ])
}
