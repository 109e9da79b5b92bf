import { action } from '@deploy-actions/action-kit'
import { inputs } from './inputs'
import { main } from './main'
import { outputs } from './outputs'

export default action({ name: 'notify', inputs, outputs, main })
