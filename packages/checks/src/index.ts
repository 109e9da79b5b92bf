export * from './check'
export * from './registry'
export * from './gate'
