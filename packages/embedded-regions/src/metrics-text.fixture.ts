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
