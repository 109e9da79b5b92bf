export * from './registry'
export * from './source'
export * from './arm-sampler'
export * from './preflight'
