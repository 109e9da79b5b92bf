import { action } from '@deploy-actions/action-kit'
import { inputs } from './inputs'
import { main } from './main'
import { outputs } from './outputs'
import { post } from './post'

export default action({ name: 'audit-summary', inputs, outputs, main, post })
