export * from './chain'
export * from './progress'
export * from './record'
