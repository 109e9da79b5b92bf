import { describe, expect, it } from '@jest/globals'
import { HistoryUnread, type HelmRelease, type Revision } from '@deploy-actions/helm'
import { createFakePorts } from '@deploy-actions/testing'
import { isUnreachable, putAllBack } from './give-up'

const failed = (detail: string) => ({
  ended: 'failed' as const,
  detail,
  output: detail,
  facts: { exitCode: 1, ms: 1 },
})
const unread = () =>
  Promise.reject(
    new HistoryUnread('the history of api cannot be read: helm did not end in time', 'wait-timeout'),
  )
const revision = (number: number, status: string): Revision => ({
  ...{ revision: number, status, updated: '', chart: 'shop-0.1.0', app_version: '', description: '' },
})
const tried = [revision(1, 'superseded'), revision(2, 'failed')]

/** Puts `api` back to a revision by a Helm of which only this is known. */
async function putBack(
  helm: Partial<HelmRelease>,
  { pin = 1, keep = false }: { pin?: number; keep?: boolean } = {},
) {
  const release = {
    where: { release: 'api', namespace: 'shop', program: 'helm', major: 4 as const },
    manifestOf: async () => undefined,
    hooksOf: async () => undefined,
    ...helm,
  } as HelmRelease
  const going = {
    writing: { timeoutMs: 1000, wait: 'watcher' as const, historyMax: 20 },
    firstInstallFailure: keep ? ('keep' as const) : ('uninstall' as const),
    clean: (text: string) => text,
  }
  const pinned = { helm: release, pin: { revision: pin }, next: pin + 1 }
  const [result] = await putAllBack([pinned], going, createFakePorts().log)
  return result!
}

describe('a way back', () => {
  it('could not be asked for where Helm does not tell what there is, at first or after it', async () => {
    const atFirst = await putBack({ history: unread })
    let asked = 0
    const after = await putBack({
      history: () => (++asked <= 2 ? Promise.resolve(tried) : unread()),
      rollback: async () => failed('Error: context deadline exceeded'),
    })
    for (const result of [atFirst, after]) {
      expect(isUnreachable(result)).toBe(true)
      expect(result.detail).toContain(
        'what it is now is not known; when the cluster answers: helm rollback api 1',
      )
    }
  })

  it('that fails although the cluster answers is not tried again', async () => {
    const result = await putBack({
      history: async () => tried,
      rollback: async () => failed('Error: context deadline exceeded'),
    })
    expect([isUnreachable(result), result.reason]).toEqual([false, 'rollback-failed'])
  })

  it('of a first install is none: what is left of it is said, and no revision 0 is advised', async () => {
    expect(await putBack({ history: unread }, { pin: 0, keep: true })).toMatchObject({
      state: 'kept',
      detail: expect.stringMatching(
        /^there was none before, so whatever was installed is left to be looked at/,
      ),
    })
    const removed = await putBack(
      { history: async () => [revision(1, 'failed')], uninstall: async () => failed('Error: forbidden') },
      { pin: 0 },
    )
    expect(removed.detail).toBe(
      'Error: forbidden; it is failed now (revision 1); nothing ran before: helm uninstall api --namespace shop takes away what there is, or deploy again',
    )
  })

  it('B6 50: says nothing that the Secrets of either revision hold', async () => {
    const secret = (value: string) =>
      JSON.stringify({ kind: 'Secret', metadata: { name: 'db' }, stringData: { a: value } })
    const { detail } = await putBack({
      history: async () => tried,
      rollback: async () => failed('Error: the hooks said swordfish-one, swordfish-two, swordfish-three'),
      manifestOf: async (number) => secret(number === 1 ? 'swordfish-one' : 'swordfish-two'),
      hooksOf: async () => secret('swordfish-three'),
    })
    expect(detail).toContain('the hooks said ***, ***, ***;')
  })
})
