import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

export { default as fetch } from 'node-fetch'

/** Node's own agents, which follow HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
const agents = {
  'http:': new HttpAgent({ proxyEnv: process.env }),
  'https:': new HttpsAgent({ proxyEnv: process.env }),
} as const

/** The agent for an address; node-fetch asks for every request. */
export const agentFor = ({ protocol }: URL): HttpAgent => agents[protocol as keyof typeof agents]
