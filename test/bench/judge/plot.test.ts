import { expect, it } from '@jest/globals'
import { plotOf } from './plot'

it('draws lines between its ticks, ours last, and names them', () => {
  const svg = plotOf({
    title: 'found & lost',
    x: { label: 'requests/s', ticks: [1, 10, 100], scale: 'log' },
    y: { label: '%', ticks: [0, 50, 100] },
    lines: [
      {
        name: 'ours',
        isOurs: true,
        points: [
          [1, 0],
          [10, 50],
          [1000, 100],
        ],
      },
      { name: 'other', points: [[1, 100]] },
    ],
  })
  // From 60 to 570 across for 1 to 100, in equal steps for equal factors; from 310 to 40 up for 0 to 100.
  const drawn = [...svg.matchAll(/points="([^"]*)"/g)].map(([, points]) => points)
  expect(drawn).toEqual(['60,40', '60,310 315,175 570,40'])
  expect(svg).toContain('>found &amp; lost</text>')
  expect(svg).toMatch(/>ours<\/text>/)
})
