export * from './duration'
export * from './percent'
export * from './transaction'
export * from './weights'
