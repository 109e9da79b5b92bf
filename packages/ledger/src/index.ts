export * from './ledger'
export * from './open-ledger'
export * from './predecessor'
export * from './record'
