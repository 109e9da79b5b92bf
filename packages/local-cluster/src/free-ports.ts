import { createServer, type AddressInfo } from 'node:net'

/** Ports of the loopback that nobody listened on a moment ago, by what they are for. */
export async function freePorts<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
  const servers = await Promise.all(names.map(listening))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<Name, number>
}

function listening() {
  const server = createServer()
  return new Promise<typeof server>((ready, failed) => {
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => ready(server))
  })
}
