export * from './sample'
export * from './sequential'
export * from './stage-watch'
export * from './verdict'
