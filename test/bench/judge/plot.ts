/** A line of a plot: its points by x, both in their own units. */
export interface Line {
  name: string
  points: readonly (readonly [x: number, y: number])[]
  /** drawn above the others and thicker */
  isOurs?: boolean
}

export interface Plot {
  title: string
  x: { label: string; ticks: readonly number[]; scale: 'linear' | 'log' }
  y: { label: string; ticks: readonly number[] }
  lines: readonly Line[]
}

const WIDTH = 760
const HEIGHT = 360
/** What the axes leave free around the lines, and the names of these beside them. */
const ROOM = { left: 60, right: 190, top: 40, bottom: 50 }
/** Told apart by people who see few colours, too (Okabe and Ito, 2008). */
const COLOURS = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#666666', '#000000']

/** A plot of lines as SVG. What lies beyond the ticks of an axis is drawn at its end. */
export function plotOf({ title, x, y, lines }: Plot): string {
  const across = scaleOf(x.ticks, x.scale, [ROOM.left, WIDTH - ROOM.right])
  const up = scaleOf(y.ticks, 'linear', [HEIGHT - ROOM.bottom, ROOM.top])
  const [left, right, bottom] = [ROOM.left, WIDTH - ROOM.right, HEIGHT - ROOM.bottom]
  const ordered = lines.toSorted((a, b) => Number(a.isOurs ?? false) - Number(b.isOurs ?? false))
  const colour = (line: Line): string => COLOURS[lines.indexOf(line) % COLOURS.length] as string
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(left, 24, title, 'font-size="15"'),
    ...y.ticks.flatMap((tick) => [
      `<path d="M${left} ${round(up(tick))}H${right}" stroke="#ddd"/>`,
      text(left - 8, up(tick) + 4, String(tick), 'text-anchor="end"'),
    ]),
    ...x.ticks.map((tick) => text(across(tick), bottom + 18, String(tick), 'text-anchor="middle"')),
    text((left + right) / 2, HEIGHT - 10, x.label, 'text-anchor="middle"'),
    text(
      14,
      (ROOM.top + bottom) / 2,
      y.label,
      `text-anchor="middle" transform="rotate(-90 14 ${(ROOM.top + bottom) / 2})"`,
    ),
    ...ordered.map(
      (line) =>
        `<polyline fill="none" stroke="${colour(line)}" stroke-width="${line.isOurs ? 3 : 1.5}" points="${line.points.map(([a, b]) => `${round(across(a))},${round(up(b))}`).join(' ')}"/>`,
    ),
    ...lines.flatMap((line, index) => [
      `<path d="M${right + 14} ${ROOM.top + 18 * index}h18" stroke="${colour(line)}" stroke-width="${line.isOurs ? 3 : 1.5}"/>`,
      text(right + 38, ROOM.top + 4 + 18 * index, line.name, line.isOurs ? 'font-weight="bold"' : ''),
    ]),
    '</svg>',
    '',
  ].join('\n')
}

function scaleOf(
  ticks: readonly number[],
  scale: 'linear' | 'log',
  [from, to]: readonly [number, number],
): (value: number) => number {
  const of = scale === 'log' ? Math.log : (value: number) => value
  const [low, high] = [Math.min(...ticks), Math.max(...ticks)]
  const span = of(high) - of(low)
  return (value) => from + ((of(Math.min(high, Math.max(low, value))) - of(low)) / span) * (to - from)
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10

const text = (x: number, y: number, words: string, more: string): string =>
  `<text x="${round(x)}" y="${round(y)}" ${more}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
