/** What HAProxy 2.6 shows of a server with `check` (`rise 2`, `fall 3`) that dies and comes back, in this order; measured. */
export const checkedStates = {
  up: { state: '2 0 6 3 4 6', stat: 'UP L4OK' },
  dying: [
    { state: '2 0 8 2 3 6', stat: 'UP 2/3 L4CON' },
    { state: '2 0 8 2 2 6', stat: 'UP 1/3 L4CON' },
  ],
  down: { state: '0 0 8 2 0 6', stat: 'DOWN L4CON' },
  returning: { state: '0 0 6 3 1 6', stat: 'DOWN 1/2 L4OK' },
  maintenance: { state: '0 1 6 3 0 14', stat: 'MAINT ' },
  /** at once when maintenance ends */
  ready: { state: '2 0 6 3 2 6', stat: 'UP 1/3 L4OK' },
}

/** The columns of `show servers state` and `show stat` that tell of checks. */
export function checkedState(
  server: string,
  { servers, stat }: { servers: string; stat: string },
): { state: string; stat: string } {
  const row = servers
    .split('\n')
    .find((line) => line.split(' ')[3] === server)
    ?.split(' ')
  // srv_op_state srv_admin_state srv_check_status srv_check_result srv_check_health srv_check_state
  const state = [5, 6, 10, 11, 12, 13].map((column) => row?.[column]).join(' ')
  const [header = '', ...rows] = stat.split('\n')
  const names = header.replace(/^# /, '').split(',')
  const values = rows.map((line) => line.split(',')).find((line) => line[names.indexOf('svname')] === server)
  return {
    state,
    stat: `${values?.[names.indexOf('status')]} ${values?.[names.indexOf('check_status')]}`,
  }
}
