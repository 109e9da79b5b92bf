import { connect, createServer, type Socket } from 'node:net'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'

/** A port of the loopback behind which another one is, for as long as it holds. */
export interface Line {
  port: number
  /** From now on nobody answers there, and who was connected no longer is. */
  cut(): Promise<void>
}

/** Opens a line to a port of the loopback; whoever opens one cuts it. */
export async function openLine(to: number): Promise<Line> {
  const ends = new Set<Socket>()
  const hold = (end: Socket): void => {
    ends.add(end)
    end.on('error', () => end.destroy())
    end.on('close', () => ends.delete(end))
  }
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    hold(near)
    hold(far)
    near.pipe(far).pipe(near)
  })
  const { port, close } = await listenOnLoopback(server)
  return {
    port,
    async cut() {
      const closed = close()
      for (const end of ends) end.destroy()
      await closed
    },
  }
}
