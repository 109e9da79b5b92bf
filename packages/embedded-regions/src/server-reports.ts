import {
  BACKEND_ID,
  CHECK_HEALTH_AT_BEST,
  FALL,
  RESPONSE_CLASSES,
  RISE,
  takesTraffic,
  type Backend,
  type ProxyServer,
  type TrafficCounters,
} from './backend'
import { serverState } from './proxy-metrics'

/** The header of `show servers state`, HAProxy 2.6. */
const STATE_HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port'

/** The first columns of HAProxy's `show stat`, in its order; the rest are left out. */
const STAT_COLUMNS =
  'pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode'.split(
    ',',
  )

/** The bits of `show stat`'s second argument, and the `type` column of a row. */
const STAT_TYPES = { backend: { bit: 2, column: 1 }, server: { bit: 4, column: 2 } }

/** `srv_admin_state`: maintenance by an operator is 1, draining by an operator 8. */
const ADMIN_BITS = { ready: 0, maint: 1, drain: 8 }

/** The reply to `show servers state [BACKEND]`. */
export function serversState(backend: Backend): string {
  const rows = backend.servers.map((server) => {
    const { id, name, weight, initialWeight, checkHealth, port } = server
    const { status, result, state } = checkColumns(server)
    const states = `${operationalState(server)} ${ADMIN_BITS[server.admin]}`
    const since = secondsSince(server.changedAt)
    return `${BACKEND_ID} ${backend.name} ${id} ${name} 127.0.0.1 ${states} ${weight} ${initialWeight} ${since} ${status} ${result} ${checkHealth} ${state} 0 0 0 - ${port} - 0 0 - - 0`
  })
  return ['1', STATE_HEADER, ...rows, ''].join('\n')
}

/** The lines of HAProxy's `show info` that tell one process from another. */
export function processInfo({ startedAt }: Backend): string {
  return ['Name: HAProxy', `Uptime_sec: ${secondsSince(startedAt)}`, ''].join('\n')
}

/**
 * The reply to `show stat`: of the rows of HAProxy's table those that `types` (a sum of bits) and `sid`
 * (-1 for all) ask for, frontends left out.
 */
export function statTable(backend: Backend, types: number, sid: number): string {
  const rows: Record<string, string | number>[] = []
  if ((types & STAT_TYPES.server.bit) !== 0)
    for (const server of backend.servers)
      if (sid === -1 || sid === server.id) rows.push(serverRow(backend, server))
  if ((types & STAT_TYPES.backend.bit) !== 0 && (sid === -1 || sid === 0)) rows.push(backendRow(backend))
  const lines = rows.map((row) => STAT_COLUMNS.map((column) => `${row[column] ?? ''},`).join(''))
  return [`# ${STAT_COLUMNS.join(',')},`, ...lines, ''].join('\n')
}

function serverRow(backend: Backend, server: ProxyServer): Record<string, string | number> {
  const state = serverState(server)
  return {
    ...countedColumns(server.counters),
    pxname: backend.name,
    svname: server.name,
    status: statusOf(server, state),
    ...(server.connected === undefined || state === 'MAINT'
      ? {}
      : { check_status: server.connected ? 'L4OK' : 'L4CON' }),
    weight: server.weight,
    act: server.backup ? 0 : 1,
    bck: server.backup ? 1 : 0,
    lastchg: secondsSince(server.changedAt),
    sid: server.id,
    type: STAT_TYPES.server.column,
    mode: backend.mode,
  }
}

/** A server on its way up or down shows how far it is: answered or missed checks, of those that it takes. */
function statusOf({ connected, checkHealth }: ProxyServer, state: ReturnType<typeof serverState>): string {
  if (connected === undefined) return state === 'UP' ? 'no check' : state
  if (state === 'UP' && checkHealth < CHECK_HEALTH_AT_BEST) return `UP ${checkHealth - RISE + 1}/${FALL}`
  return state === 'DOWN' && checkHealth > 0 ? `DOWN ${checkHealth}/${RISE}` : state
}

/** Numbers of HAProxy 2.6 (include/haproxy/check-t.h), as measured. */
function checkColumns({ connected, admin }: ProxyServer): { status: number; result: number; state: number } {
  if (connected === undefined) return { status: 1, result: 0, state: 0 }
  const state = admin === 'maint' ? 14 : 6
  return connected ? { status: 6, result: 3, state } : { status: 8, result: 2, state }
}

function backendRow(backend: Backend): Record<string, string | number> {
  const usable = backend.servers.filter(takesTraffic)
  return {
    ...countedColumns(backend.counters),
    pxname: backend.name,
    svname: 'BACKEND',
    status: usable.length === 0 ? 'DOWN' : 'UP',
    weight: usable.reduce((sum, server) => sum + server.weight, 0),
    act: usable.filter(({ backup }) => !backup).length,
    bck: usable.filter(({ backup }) => backup).length,
    sid: 0,
    type: STAT_TYPES.backend.column,
    mode: backend.mode,
    ...(backend.cookie !== undefined && { cookie: backend.cookie }),
  }
}

function countedColumns(counters: TrafficCounters): Record<string, number> {
  const responses = RESPONSE_CLASSES.map((name): [string, number] => [
    `hrsp_${name}`,
    counters.responses[name],
  ])
  return {
    qcur: 0,
    scur: counters.current,
    stot: counters.sessions,
    econ: counters.connectionErrors,
    eresp: counters.responseErrors,
    cli_abrt: counters.clientAborts,
    pid: 1,
    iid: BACKEND_ID,
    ...Object.fromEntries(responses),
  }
}

/** `srv_op_state`: 0 stopped, 2 running, 3 stopping softly. Draining leaves it alone. */
function operationalState(server: ProxyServer): 0 | 2 | 3 {
  if (server.admin === 'maint' || server.health === 'down') return 0
  return server.health === 'stopping' ? 3 : 2
}

function secondsSince(time: number): number {
  return Math.floor((Date.now() - time) / 1000)
}
