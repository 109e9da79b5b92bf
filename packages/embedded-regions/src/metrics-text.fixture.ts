import { setTimeout as sleep } from 'node:timers/promises'

/** The samples of a page in Prometheus' text format, `name{labels}` -> value as printed. */
function samplesOf(page: string): Record<string, string> {
  const samples = page
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)])
  return Object.fromEntries(samples) as Record<string, string>
}

/** The samples of the page at an address. */
export async function scrape(url: string): Promise<Record<string, string>> {
  const response = await fetch(url)
  return samplesOf(await response.text())
}

/** The samples of the page once they are as wanted; as they are then, when they have not become so for five seconds. */
export async function scrapeUntil(
  url: string,
  wanted: (samples: Record<string, string>) => boolean,
): Promise<Record<string, string>> {
  for (let tries = 1; ; tries += 1) {
    const samples = await scrape(url)
    if (wanted(samples) || tries === 100) return samples
    await sleep(50)
  }
}
