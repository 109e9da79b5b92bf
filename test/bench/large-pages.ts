/** Upper bounds in seconds (the default buckets of Prometheus' client libraries), and how many of 100 requests are within. */
const BUCKETS = {
  '0.005': 3,
  '0.01': 10,
  '0.025': 30,
  '0.05': 60,
  '0.1': 85,
  '0.25': 95,
  '0.5': 98,
  '1': 99.5,
  '2.5': 99.9,
  '5': 100,
  '10': 100,
  '+Inf': 100,
}
/** Codes of the answers, and how many of 100 requests have them. */
const CODES = { '200': 94.9, '302': 3, '404': 2, '500': 0.1, '503': 0 }
const ARMS = ['blue', 'green']
/** Calls of other services, each with a histogram, and names of other counters that have many series each: nobody asks for them. */
const CALLS = 300
const OTHERS = 50

/** Name and labels, and by how much it grows from look to look. */
interface Grown {
  head: string
  perLook: number
}

export interface PageSize {
  pages: number
  /** of all pages together */
  series: number
  /** each with five counters and a histogram of fourteen series for either arm */
  routes: number
}

/**
 * The pages of an application at each look, 0 and on: of each route and arm it has answered 100 requests more. Series that
 * nobody asks for fill them up, in families that begin as others do.
 */
export function largePages({ pages, series, routes }: PageSize): (look: number) => string[] {
  const asked = ARMS.flatMap((arm) => askedSeries(arm, routes))
  const all = [...asked, ...otherSeries(series - asked.flat().length)]
  const shares = Array.from({ length: pages }, (_, page) =>
    all.filter((_, index) => index % pages === page).flat(),
  )
  return (look) =>
    shares.map((own) =>
      own.map(({ head, perLook }) => `${head} ${100_000 + Math.floor(look * perLook)}\n`).join(''),
    )
}

/** Of one process each: the counters and the histogram of a route, and the memory. */
function askedSeries(arm: string, routes: number): Grown[][] {
  const ofRoutes = Array.from({ length: routes }, (_, route) => {
    const labels = `arm="${arm}",route="/orders/{id}/part-${route}"`
    const requests = Object.entries(CODES).map(([code, perLook]) => ({
      head: `http_requests_total{${labels},code="${code}",method="GET"}`,
      perLook,
    }))
    return [...requests, ...histogram('http_request_duration_seconds', labels)]
  })
  return [...ofRoutes, [{ head: `process_resident_memory_bytes{arm="${arm}"}`, perLook: 0 }]]
}

function otherSeries(count: number): Grown[][] {
  const calls = Array.from({ length: CALLS }, (_, call) =>
    histogram('http_client_duration_seconds', `service="service-${call}",method="POST"`),
  )
  const pools = Array.from({ length: Math.max(0, count - calls.flat().length) }, (_, pool) => ({
    head: `http_pool_${pool % OTHERS}_connections{pool="pool-${pool}",state="idle",zone="europe-west1-b"}`,
    perLook: 7,
  }))
  return [...calls.flat(), ...pools].slice(0, count).map((one) => [one])
}

const histogram = (name: string, labels: string): Grown[] => [
  ...Object.entries(BUCKETS).map(([le, perLook]) => ({
    head: `${name}_bucket{${labels},le="${le}"}`,
    perLook,
  })),
  { head: `${name}_sum{${labels}}`, perLook: 8.5 },
  { head: `${name}_count{${labels}}`, perLook: 100 },
]

/** What is asked of an arm: a source's queries, as a rollout.yml has them. */
export const queriesOf = (arm: string) => ({
  requests: { source: 'app', sum: [`http_requests_total{arm="${arm}"}`] },
  errors: {
    source: 'app',
    sum: ['500', '503'].map((code) => `http_requests_total{arm="${arm}",code="${code}"}`),
  },
  latency: { source: 'app', sum: [`http_request_duration_seconds_bucket{arm="${arm}"}`] },
  values: { memory: { source: 'app', sum: [`process_resident_memory_bytes{arm="${arm}"}`] } },
})
