import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server of a lab, on the loopback. */
export interface LabServer {
  url: string
  /** stops listening; what is connected is cut */
  close(): Promise<void>
}

export type LabRequest = IncomingMessage & { body: string }

/** Answers every request, once its body is there, by `answer`. */
export async function openLabServer(
  answer: (request: LabRequest, response: ServerResponse) => void,
): Promise<LabServer> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => answer(Object.assign(request, { body }), response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
