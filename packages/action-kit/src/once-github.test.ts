import { expect, it } from '@jest/globals'
import { onceGitHub } from './once-github'
import type { GitHub } from './ports'

/** A GitHub that counts, and fails for the first call of `GET /flaky`. */
function counting(): { github: GitHub; asked: string[] } {
  const asked: string[] = []
  const answer = (call: string): Promise<never> => {
    asked.push(call)
    return call === 'GET /flaky undefined' && asked.filter((one) => one === call).length === 1
      ? Promise.reject(new Error('500'))
      : Promise.resolve(call as never)
  }
  const call = (route: string, parameters?: Record<string, unknown>): Promise<never> =>
    answer(`${route} ${JSON.stringify(parameters)}`)
  return { github: { request: call, list: (route, parameters) => call(`all ${route}`, parameters) }, asked }
}

it('asks for a thing once, whoever asks at the same time or later', async () => {
  const { github, asked } = counting()
  const once = onceGitHub(github)
  expect(await Promise.all([once.request('GET /a'), once.request('GET /a')])).toEqual([
    'GET /a undefined',
    'GET /a undefined',
  ])
  expect(await once.request('GET /a', { page: 2 })).toBe('GET /a {"page":2}')
  expect(await once.list('GET /a')).toBe('all GET /a undefined')
  await once.list('GET /a')
  await once.request('GET /a')
  expect(asked).toEqual(['GET /a undefined', 'GET /a {"page":2}', 'all GET /a undefined'])
})

it('asks again after a call that failed', async () => {
  const { github, asked } = counting()
  const once = onceGitHub(github)
  await expect(once.request('GET /flaky')).rejects.toThrow('500')
  expect(await once.request('GET /flaky')).toBe('GET /flaky undefined')
  expect(asked).toHaveLength(2)
})
