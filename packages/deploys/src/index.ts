export * from './deployer'
export * from './registry'
export * from './restore-point'
