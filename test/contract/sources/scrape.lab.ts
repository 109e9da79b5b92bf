import { openLabServer } from '../lab-server'
import type { OpenSourceLab } from './source-lab'

export default {
  async 'a metrics page'() {
    let count: number | undefined
    let fails = false
    const server = await openLabServer((_, response) =>
      fails
        ? response.writeHead(500).end()
        : response.end(`up 1\n${count === undefined ? '' : `hits_total{arm="blue"} ${count}\n`}`),
    )
    return {
      settings: { type: 'scrape', pages: [`${server.url}/metrics`] },
      query: { sum: ['hits_total{arm="blue"}'] },
      count: (value) => void (count = value),
      fail: (now) => void (fails = now),
      leave: () => server.close(),
      close: () => server.close(),
    }
  },
} satisfies Record<string, OpenSourceLab>
