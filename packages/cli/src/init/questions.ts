import { EXAMPLE_REGION, type GivenOptions } from './wanted'

/** Asks a person for what the options do not say. */
export async function completed(
  given: GivenOptions,
  ask: (question: string) => Promise<string>,
): Promise<GivenOptions> {
  const service = given.service ?? (await untilSaid('Name of the service: ', ask))
  const suite = given.suite ?? (await untilSaid('Repository of the suite, OWNER/deploy-actions: ', ask))
  const region = given.region.length > 0 ? given.region : await regions(ask)
  return { ...given, service, suite, region }
}

const TRIES = 5

async function untilSaid(question: string, ask: (question: string) => Promise<string>): Promise<string> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answer = await ask(question)
    if (answer !== '') return answer
  }
  return ''
}

/** An answer of nothing ends them. */
async function regions(ask: (question: string) => Promise<string>): Promise<string[]> {
  const all: string[] = []
  for (;;) {
    const answer = await ask(`Region ${all.length + 1}, such as ${EXAMPLE_REGION} (Enter: no more): `)
    if (answer === '') return all
    all.push(answer)
  }
}
