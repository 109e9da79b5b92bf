export * from './event'
export * from './quick-card'
export * from './registry'
export * from './tell'
