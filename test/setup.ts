import net from 'node:net'

// No test reaches beyond this machine: a forgotten fake fails loudly instead of calling out.
const connect = net.Socket.prototype.connect as (this: net.Socket, ...args: unknown[]) => net.Socket

net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const options = (Array.isArray(args[0]) ? args[0][0] : args[0]) as { host?: string; path?: string } | number
  const host =
    typeof options === 'object' ? (options.path ? 'unix socket' : (options.host ?? 'localhost')) : args[1]
  if (typeof host === 'string' && !/^(localhost|127(\.\d+){3}|::1|unix socket)$/.test(host))
    throw new Error(`a test tried to connect to ${host}: tests only talk to the loopback`)
  return connect.apply(this, args)
}
