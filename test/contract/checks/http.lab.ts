import { openLabServer } from '../lab-server'
import type { OpenCheckLab } from './check-lab'

export default {
  async 'a server'() {
    let status = 200
    const server = await openLabServer((_, response) => response.writeHead(status).end('hello\n'))
    return {
      settings: { type: 'http', url: `${server.url}/healthz`, expect: { latency: '10s' } },
      red: () => Promise.resolve(void (status = 503)),
      break: () => server.close(),
      close: () => server.close(),
    }
  },
} satisfies Record<string, OpenCheckLab>
