import { action } from '@deploy-actions/action-kit'
import { restoreUnfinishedTraffic } from '@deploy-actions/transaction'
import { inputs } from './inputs'
import { main } from './main'
import { outputs } from './outputs'

export default action({ name: 'run-hook', inputs, outputs, main, post: restoreUnfinishedTraffic })
