import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Artifact, Artifacts, Reservation } from './artifacts'
import { Refusal, type Answer, type HttpCall } from './http-call'
import type { Repository } from './repository'

/** Below this path are the bytes of artifacts. */
export const BLOB_PATH = '/blobs/artifacts/'

/** How long a signed address is good for, in the shared clock. */
const SIGNED_FOR_MS = 3_600_000

interface Upload {
  /** Staged blocks by their base64 id. */
  blocks: Map<string, Buffer>
  committed?: Buffer
}

/** Azure's blob storage as far as the artifact client uses it: block blobs at signed addresses. */
export class Blobs {
  readonly #secret = randomBytes(32)
  readonly #uploads = new Map<number, Upload>()

  constructor(
    private readonly repository: Repository,
    private readonly artifacts: Artifacts,
  ) {}

  uploadUrl({ id, name }: Reservation): string {
    this.#uploads.set(id, { blocks: new Map() })
    return this.#sign(id, name, 'w')
  }

  downloadUrl({ id, name, mimeType }: Artifact): string {
    return this.#sign(id, mimeType === 'application/zip' ? `${name}.zip` : name, 'r')
  }

  /** The bytes that were committed for a reservation, once. */
  take(id: number): Buffer | undefined {
    const upload = this.#uploads.get(id)
    if (upload?.committed) this.#uploads.delete(id)
    return upload?.committed
  }

  answer = async (call: HttpCall): Promise<Answer> => {
    const id = Number(call.path.slice(BLOB_PATH.length).split('/')[0])
    this.#check(call, id)
    if (call.method === 'PUT') return this.#put(call, id)
    const found = this.artifacts.all.find((artifact) => artifact.id === id)
    if (call.method !== 'GET' || !found)
      throw storageError(404, 'BlobNotFound', 'The specified blob does not exist.')
    const headers = {
      'content-type': found.mimeType,
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(found.name)}`,
    }
    return { status: 200, headers, body: await readFile(this.artifacts.paths(found).file) }
  }

  /** Source: Azure Storage REST, "Put Block", "Put Block List", "Put Blob". */
  #put({ query, headers, body }: HttpCall, id: number): Answer {
    const upload = this.#uploads.get(id)
    if (!upload || upload.committed)
      throw storageError(409, 'BlobImmutableDueToPolicy', 'An artifact is written once.')
    const part = query.get('comp')
    if (part === 'block') {
      const block = query.get('blockid') ?? ''
      const [known] = upload.blocks.keys()
      if (block === '' || (known !== undefined && known.length !== block.length))
        throw storageError(400, 'InvalidBlobOrBlock', 'The specified blob or block content is invalid.')
      upload.blocks.set(block, body)
    } else if (part === 'blocklist') {
      const listed = [...body.toString('utf8').matchAll(/<(?:Latest|Uncommitted)>([^<]*)</g)].map(
        ([, block = '']) => upload.blocks.get(block),
      )
      if (listed.includes(undefined))
        throw storageError(400, 'InvalidBlockList', 'The specified block list is invalid.')
      upload.committed = Buffer.concat(listed as Buffer[])
    } else if (part === null && headers['x-ms-blob-type'] === 'BlockBlob') upload.committed = body
    else throw storageError(400, 'InvalidQueryParameterValue', 'Only block blobs are written here.')
    const now = this.repository.options.now().toUTCString()
    return {
      status: 201,
      headers: {
        etag: `"0x${id.toString(16)}"`,
        'last-modified': now,
        'x-ms-request-server-encrypted': 'true',
      },
    }
  }

  #sign(id: number, name: string, permission: 'r' | 'w'): string {
    const expiry = new Date(this.repository.options.now().getTime() + SIGNED_FOR_MS).toISOString()
    const query = new URLSearchParams({
      sp: permission,
      se: expiry,
      sig: this.#signature(id, permission, expiry),
    })
    return `${this.repository.apiUrl}${BLOB_PATH}${id}/${encodeURIComponent(name)}?${query}`
  }

  #check({ method, query }: HttpCall, id: number): void {
    const permission = method === 'PUT' ? 'w' : 'r'
    const expiry = query.get('se') ?? ''
    const given = Buffer.from(query.get('sig') ?? '')
    const expected = Buffer.from(this.#signature(id, permission, expiry))
    const signed = given.length === expected.length && timingSafeEqual(given, expected)
    if (!signed || new Date(expiry) < this.repository.options.now())
      throw storageError(403, 'AuthenticationFailed', 'Server failed to authenticate the request.')
  }

  #signature(id: number, permission: 'r' | 'w', expiry: string): string {
    return createHmac('sha256', this.#secret).update(`${id} ${permission} ${expiry}`).digest('base64')
  }
}

function storageError(status: number, code: string, message: string): Refusal {
  const headers = { 'content-type': 'application/xml', 'x-ms-error-code': code }
  return new Refusal({
    status,
    headers,
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  })
}
