import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createArtifacts } from './artifacts'
import { readContext } from './context'
import { ProviderError } from './errors'

/** What GitHub's own client is asked, and what it answers. */
const client = {
  uploadArtifact: jest.fn<(...args: unknown[]) => Promise<unknown>>(),
  listArtifacts: jest.fn<(...args: unknown[]) => Promise<unknown>>(),
  downloadArtifact: jest.fn<(...args: unknown[]) => Promise<unknown>>(),
}
jest.unstable_mockModule('@actions/artifact', () => ({
  DefaultArtifactClient: class {
    uploadArtifact = client.uploadArtifact
    listArtifacts = client.listArtifacts
    downloadArtifact = client.downloadArtifact
  },
}))

const artifacts = createArtifacts(
  'ghs_1',
  readContext({ GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: '7' }),
)
const elsewhere = {
  findBy: { token: 'ghs_1', workflowRunId: 6, repositoryOwner: 'acme', repositoryName: 'shop' },
}
const digest = 'a'.repeat(64)

beforeEach(() => {
  jest.resetAllMocks()
})

describe('artifacts', () => {
  it('are uploaded from a folder, with the digest that GitHub computed', async () => {
    client.uploadArtifact.mockResolvedValue({ id: 5, digest })
    expect(await artifacts.upload('evidence', '/t', ['a.json', 'b/c.json'])).toEqual({
      id: 5,
      name: 'evidence',
      digest: `sha256:${digest}`,
    })
    expect(client.uploadArtifact).toHaveBeenCalledWith('evidence', ['/t/a.json', '/t/b/c.json'], '/t')
    client.uploadArtifact.mockResolvedValue({ id: 6 })
    expect(await artifacts.upload('evidence', '/t', [])).toEqual({ id: 6, name: 'evidence' })
  })

  it('are listed in this run and in others', async () => {
    client.listArtifacts.mockResolvedValue({
      artifacts: [
        { id: 1, name: 'a', digest: `sha256:${digest}`, size: 3 },
        { id: 2, name: 'b' },
      ],
    })
    expect(await artifacts.list(6)).toEqual([
      { id: 1, name: 'a', digest: `sha256:${digest}` },
      { id: 2, name: 'b' },
    ])
    await artifacts.list(7)
    await artifacts.list()
    const allAttempts = { findBy: { ...elsewhere.findBy, workflowRunId: 7 } }
    expect(client.listArtifacts.mock.calls).toEqual([[elsewhere], [allAttempts], [{}]])
  })

  it('are downloaded by id, and held to their digest', async () => {
    client.downloadArtifact.mockResolvedValue({})
    await artifacts.download({ id: 1, name: 'a', digest: `sha256:${digest}` }, '/t', 6)
    await artifacts.download({ id: 2, name: 'b' }, '/t')
    expect(client.downloadArtifact.mock.calls).toEqual([
      [1, { path: '/t', expectedHash: `sha256:${digest}`, ...elsewhere }],
      [2, { path: '/t' }],
    ])
    client.downloadArtifact.mockResolvedValue({ digestMismatch: true })
    await expect(artifacts.download({ id: 1, name: 'a', digest: 'sha256:1' }, '/t')).rejects.toThrow(
      'artifact a is not what was uploaded: its digest is not sha256:1',
    )
  })

  it('that cannot be had are named, with the reason', async () => {
    for (const call of Object.values(client)) call.mockRejectedValue(new Error('no space'))
    const failures = [
      artifacts.upload('a', '/t', []),
      artifacts.list(),
      artifacts.list(6),
      artifacts.download({ id: 1, name: 'a' }, '/t'),
    ]
    expect(
      (await Promise.allSettled(failures)).map((result) =>
        result.status === 'rejected' && result.reason instanceof ProviderError ? result.reason.message : '',
      ),
    ).toEqual([
      'artifact a could not be uploaded: no space',
      'the artifacts of run 7 could not be listed: no space',
      'the artifacts of run 6 could not be listed: no space',
      'artifact a could not be downloaded: no space',
    ])
    client.uploadArtifact.mockResolvedValue({})
    await expect(artifacts.upload('a', '/t', [])).rejects.toThrow(
      'artifact a could not be uploaded: GitHub gave no artifact id',
    )
  })
})
