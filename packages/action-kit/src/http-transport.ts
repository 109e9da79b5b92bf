import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { defined } from '@deploy-actions/rollout'
import type { Tls } from './ports'

export { default as fetch } from 'node-fetch'

type AgentFor = (url: URL) => HttpAgent

/** Node's own agents, which follow HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
const agents = {
  'http:': new HttpAgent({ proxyEnv: process.env }),
  'https:': new HttpsAgent({ proxyEnv: process.env }),
} as const

const agentFor: AgentFor = ({ protocol }) => agents[protocol as keyof typeof agents]

/** One for each server that is met by a certificate of its own; they end with whoever holds its settings. */
const ofTls = new WeakMap<Tls, HttpsAgent>()

/** What gives the agent for an address; node-fetch asks for every request. */
export function agentsFor(tls: Tls | undefined): AgentFor {
  if (tls === undefined) return agentFor
  const agent = ofTls.get(tls) ?? createAgent(tls)
  ofTls.set(tls, agent)
  return (url) => (url.protocol === 'https:' ? agent : agentFor(url))
}

function createAgent({ ca, cert, key, serverName, verify = true, proxy }: Tls): HttpsAgent {
  const proxyEnv = proxy === undefined ? process.env : { https_proxy: proxy }
  const own = defined({ ca, cert, key, servername: serverName })
  return new HttpsAgent({ ...own, rejectUnauthorized: verify, proxyEnv, keepAlive: true })
}
