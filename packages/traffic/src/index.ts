export * from './registry'
export * from './restore-point'
export * from './router'
export * from './shift'
