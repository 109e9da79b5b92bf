import { openLabServer } from '../lab-server'
import type { OpenNotifierLab, Sent } from './notifier-lab'

export default {
  async 'a server'() {
    const sent: Sent[] = []
    let status = 204
    const server = await openLabServer(({ headers, body }, response) => {
      sent.push({ content: `${JSON.stringify(headers)}${body}` })
      response.writeHead(status).end()
    })
    return {
      settings: { type: 'webhook', 'url-secret': 'HOOK', 'hmac-secret': 'KEY' },
      secrets: { HOOK: `${server.url}/T0/B1/swordfish`, KEY: 'correct horse' },
      sent,
      fail: (how) => void (status = how === 'refuses' ? 404 : 500),
      leave: () => server.close(),
      close: () => server.close(),
    }
  },
} satisfies Record<string, OpenNotifierLab>
