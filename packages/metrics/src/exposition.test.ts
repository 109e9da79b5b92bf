import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { announcedNames, holdsSeries, matches, parseExposition, parseSelector } from './exposition'

describe('parseExposition', () => {
  // The example of prometheus.io/docs/instrumenting/exposition_formats, "Text format example", shortened.
  const page = String.raw`# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
rpc_duration_seconds{quantile="0.01"} 3102
`

  it('reads the example of the format', () => {
    expect(parseExposition(page)).toEqual([
      { name: 'http_requests_total', labels: { method: 'post', code: '200' }, value: 1027 },
      { name: 'http_requests_total', labels: { method: 'post', code: '400' }, value: 3 },
      {
        name: 'msdos_file_access_time_seconds',
        labels: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
        value: 1.458255915e9,
      },
      { name: 'metric_without_timestamp_and_labels', labels: {}, value: 12.47 },
      { name: 'something_weird', labels: { problem: 'division by zero' }, value: Infinity },
      { name: 'http_request_duration_seconds_bucket', labels: { le: '+Inf' }, value: 144_320 },
      { name: 'http_request_duration_seconds_sum', labels: {}, value: 53_423 },
      { name: 'rpc_duration_seconds', labels: { quantile: '0.01' }, value: 3102 },
    ])
  })

  it.each([
    ['a -Inf', { name: 'a', labels: {}, value: -Infinity }],
    ['a NaN', { name: 'a', labels: {}, value: NaN }],
    ['a{} 1', { name: 'a', labels: {}, value: 1 }],
    ['a{b="c",} 1', { name: 'a', labels: { b: 'c' }, value: 1 }],
    ['a{b="}, d=\\"x\\""} 1', { name: 'a', labels: { b: '}, d="x"' }, value: 1 }],
    // Tokens may stand apart, and blanks around a line mean nothing.
    [' a { b = "c" , d = "e" , } 1\r', { name: 'a', labels: { b: 'c', d: 'e' }, value: 1 }],
  ])('reads %j', (line, series) => expect(parseExposition(line)).toEqual([series]))

  it.each([
    '',
    '   ',
    '# EOF',
    '  # comment 1',
    '1a 5',
    'a',
    'a{b="c"',
    'a{b=c} 1',
    'a{b="c" d="e"} 1',
    'a{="c"} 1',
  ])('passes over %j', (line) => expect(parseExposition(line)).toEqual([]))

  it('comes to an end with anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a1_:{}="\\,\n #+') }), (text) =>
        expect(Array.isArray(parseExposition(text))).toBe(true),
      ),
    )
  })
})

it.each([
  ['\n# HELP a b\n\na 1', true],
  ['a{b="c"\na', false],
  ['# EOF\n \n', false],
  ['', false],
])('knows whether %j holds any series', (page, holds) => expect(holdsSeries(page)).toBe(holds))

describe('a selector', () => {
  const series = { name: 'requests_total', labels: { arm: 'blue', code: '5xx' }, value: 1 }

  it.each([
    ['requests_total', true],
    ['requests_total{arm="blue"}', true],
    ['requests_total{code="5xx",arm="blue"}', true],
    ['requests_total{arm="green"}', false],
    ['requests_total{arm="blue",pod="a"}', false],
    ['requests', false],
  ])('%s picks it: %s', (text, picks) => {
    const selector = parseSelector(text)
    expect(selector && matches(series, selector)).toBe(picks)
  })

  it.each(['', '{arm="blue"}', 'a{arm=~"b.*"}', 'a{arm!="blue"}', 'sum(a)', 'a b', 'a{b="c"} 1'])(
    '%j is not one',
    (text) => expect(parseSelector(text)).toBeUndefined(),
  )
})

it('knows what a page announces, whether it has series of it or not', () => {
  const page = [
    '# HELP hits_total TYPE of hits counter',
    '# TYPE hits_total counter',
    '#\tTYPE took_seconds histogram',
    '# TYPE size summary',
    '# TYPE up gauge',
    'TYPE other counter',
  ].join('\n')
  const names = announcedNames(page)
  expect(names).toEqual(
    expect.arrayContaining([
      'hits_total',
      'took_seconds_bucket',
      'took_seconds_count',
      'size_sum',
      'size',
      'up',
    ]),
  )
  for (const name of ['other', 'of', 'up_total', 'size_bucket', 'took_seconds_total'])
    expect(names).not.toContain(name)
})
