import './node-version'
import { Command } from 'commander'
import { ActionError, InputError, messageOf } from '@deploy-actions/action-kit'
import { WorkflowError } from '@deploy-actions/rehearsal'
import { doctorCommand } from './doctor-command'
import { initCommand } from './init-command'
import { planCommand } from './plan-command'
import { powerCommand } from './power-command'
import { rehearseCommand } from './rehearse-command'
import { restoreCommand } from './restore-command'
import { statusCommand } from './status-command'
import { validateCommand } from './validate-command'

const program = new Command('deploy-actions')
  .description(
    'Sets rollouts over regions up, checks, plans and rehearses them, says how they stand, and restores one.',
  )
  .addCommand(initCommand())
  .addCommand(validateCommand())
  .addCommand(planCommand())
  .addCommand(powerCommand())
  .addCommand(rehearseCommand())
  .addCommand(restoreCommand())
  .addCommand(statusCommand())
  .addCommand(doctorCommand())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = 1
  if (error instanceof InputError)
    for (const { where, message } of error.problems) console.error(where ? `${where}: ${message}` : message)
  else if (error instanceof ActionError) console.error(error.message)
  else if (error instanceof WorkflowError) for (const finding of error.findings) console.error(finding)
  else console.error(error instanceof Error ? (error.stack ?? messageOf(error)) : String(error))
}
// Nothing is left to wait for; a forgotten socket must not hold the terminal.
process.exit()
