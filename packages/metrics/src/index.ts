export * from './registry'
export * from './source'
