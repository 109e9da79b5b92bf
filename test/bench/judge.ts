import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { BARS, lookInto, ordersFor, SHOWN, type Measured } from './judge/bars'
import { measureCost } from './judge/cost'
import { playAll, type Order, type Result } from './judge/farm'
import { RULES, type RuleName } from './judge/rules'
import { allCells } from './judge/scenarios'
import { tableOf } from './judge/table'

/*
 * What our judge makes of simulated rollouts, and what others make of the same ones.
 * npm run bench:judge -- --check [--runs 1000]: named cells against the bars; fails where one is missed
 * npm run bench:judge -- --full [--runs 200] [--out FILE]: all cells, hours; writes their table
 * npm run bench:judge -- --only PATTERN [--runs 200]: the cells whose names match
 * --seed N plays the same rollouts again.
 */
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string' },
  },
})
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const allRules = Object.keys(RULES) as RuleName[]

console.log(`seed ${seed}`)
if (values.check) await check(Number(values.runs ?? 1000))
else if (values.full || values.only !== undefined) await compare(Number(values.runs ?? 200))
else throw new Error('give --check, --full, or --only PATTERN')

async function check(runs: number): Promise<void> {
  const orders = ordersFor(BARS, runs)
  console.log(`${orders.length} cells, ${runs} rollouts each`)
  const look = lookInto(await resultsOf(orders))
  for (const { name, measure } of BARS) tell(name, measure(look))
  const { cpu, memory } = measureCost()
  tell('CPU per sample under 0.1 ms', cpu)
  tell('memory flat over six hours', memory)
  for (const cell of SHOWN) {
    const { times } = look(cell, 'sequential')
    console.log(`no bar  ${cell.name}: ${times.length} of ${runs} taken back`)
  }
}

function tell(name: string, { isMet, found }: Measured): void {
  console.log(`${isMet ? 'met   ' : 'MISSED'}  ${name}: ${found}`)
  if (!isMet) process.exitCode = 1
}

async function compare(runs: number): Promise<void> {
  const pattern = new RegExp(values.only ?? '', 'i')
  const cells = allCells().filter(({ name }) => pattern.test(name))
  const table = tableOf(await resultsOf(cells.map((cell) => ({ cell, runs, rules: allRules }))))
  const text = `${runs} rollouts of each cell, seed ${seed}.\n\n${table}`
  if (values.out === undefined) console.log(text)
  else await writeFile(values.out, text)
}

/** In the order of what was asked for; whoever watches sees how far it is. */
async function resultsOf(orders: readonly Order[]): Promise<Result[]> {
  const results = new Map<string, Result>()
  await playAll(orders, seed, (result) => {
    results.set(result.cell.name, result)
    if (process.stderr.isTTY) process.stderr.write(`\r${results.size} of ${orders.length} cells `)
  })
  return orders.map(({ cell }) => results.get(cell.name)!)
}
