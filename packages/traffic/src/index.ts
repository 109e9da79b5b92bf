export * from './registry'
export * from './router'
export * from './shift'
