import { describe, expect, it } from '@jest/globals'
import { eventKinds, type RolloutEvent } from './event'
import { restoredEvent } from './event.fixture'
import { quickCard, quickCardMarkdown } from './quick-card'

const bare: RolloutEvent = (({ region: _, cause: __, impact: ___, next: ____, ...event }) => event)(
  restoredEvent,
)

describe('the card', () => {
  it('says what happened where, and the facts in order', () => {
    expect(quickCard(restoredEvent)).toEqual({
      title: 'shop 1.4.0: restored in eu-west',
      facts: [
        { name: 'Region', value: 'eu-west' },
        { name: 'Release', value: '1.4.0 (sha256:abababababab)' },
        { name: 'Cause', value: 'canary 43 of 5,120 requests failed' },
        { name: 'Impact', value: '10% of the traffic for 40s' },
        { name: 'Status', value: 'traffic is back at blue 100%' },
        { name: 'Next', value: 'look at the logs' },
        { name: 'Correlation', value: 'shop-7-1' },
      ],
      links: restoredEvent.links,
    })
  })

  it('leaves out what the event does not say', () => {
    const { title, facts } = quickCard(bare)
    expect(title).toBe('shop 1.4.0: restored')
    expect(facts.map(({ name }) => name)).toEqual(['Release', 'Status', 'Correlation'])
  })

  it('of a stage says its weight, verdict and time', () => {
    const stage = {
      weight: 2500,
      weights: { blue: 7510, green: 2490 },
      readAt: '2026-11-21T10:07:00.000Z',
      verdict: 'pass',
      reason: 'fine',
      durationMs: 300_000,
    }
    const { title, facts } = quickCard({ ...restoredEvent, kind: 'stage', stage })
    expect(title).toBe('shop 1.4.0: 25% stage pass in eu-west')
    expect(facts).toContainEqual({ name: 'Stage', value: '25% of the traffic, pass after 5m' })
    // What was planned is one thing, what the router showed another.
    expect(facts).toContainEqual({
      name: 'Router',
      value: 'blue 75.1%, green 24.9%, read back at 10:07:00 UTC',
    })
  })

  it('has a title of its own for every kind of event', () => {
    const titles = eventKinds.map((kind) => quickCard({ ...bare, kind }).title)
    expect(new Set(titles).size).toBe(eventKinds.length)
    expect(titles.every((title) => /^shop 1\.4\.0: \w/.test(title))).toBe(true)
  })
})

describe('the card as Markdown', () => {
  it('is a table and links', () => {
    expect(quickCardMarkdown(bare)).toBe(
      [
        '### shop 1.4.0: restored',
        '',
        '| | |',
        '| --- | --- |',
        '| **Release** | 1.4.0 (sha256:abababababab) |',
        '| **Status** | traffic is back at blue 100% |',
        '| **Correlation** | shop-7-1 |',
        '',
        '[run](https://github.com/acme/shop/actions/runs/7)',
      ].join('\n'),
    )
    expect(quickCardMarkdown({ ...bare, links: [] })).toMatch(/shop-7-1 \|$/)
  })

  it('shows what an event says, and never does what it says', () => {
    const card = quickCardMarkdown({ ...bare, status: 'a | b\n@team <img src=x> `c` [x](http://evil)' })
    expect(card).toContain(
      '| **Status** | a \\| b @\u200bteam &lt;img src=x&gt; \\`c\\` \\[x\\](http://evil) |',
    )
  })

  it('keeps an address as it is, but for what would end the link', () => {
    const card = quickCardMarkdown({
      ...bare,
      links: [{ title: 'logs', url: 'https://logs.test/?q=a%20b(c) <d>' }],
    })
    expect(card).toMatch(/\[logs\]\(https:\/\/logs\.test\/\?q=a%20b%28c%29%20%3Cd%3E\)$/)
  })
})
