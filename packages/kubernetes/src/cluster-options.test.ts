import { expect, it } from '@jest/globals'
import { kubeconfigIn } from './cluster-options'

const text = JSON.stringify({ 'current-context': 'prod' })

it('takes a kubeconfig of a secret as it is, or from base64', () => {
  const secrets = new Map([
    ['PLAIN', text],
    ['CODED', Buffer.from(text).toString('base64')],
  ])
  expect(kubeconfigIn(secrets, 'PLAIN')).toBe(text)
  expect(kubeconfigIn(secrets, 'CODED')).toBe(text)
})

it('takes none where none is named, and never another one for the one that is named', () => {
  expect(kubeconfigIn(new Map(), undefined)).toBeUndefined()
  for (const secrets of [new Map(), new Map([['KUBE', '']])])
    expect(() => kubeconfigIn(secrets, 'KUBE')).toThrow(
      'kubeconfig-secret: the secret KUBE was not handed over; add KUBE=... to the secrets input (DEPLOY_SECRETS)',
    )
})
