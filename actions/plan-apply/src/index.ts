export { inputs } from './inputs'
export { outputs } from './outputs'
