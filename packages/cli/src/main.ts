import { Command } from 'commander'
import { InputError, messageOf } from '@deploy-actions/action-kit'
import { WorkflowError } from '@deploy-actions/rehearsal'
import { planCommand } from './plan-command'
import { rehearseCommand } from './rehearse-command'
import { validateCommand } from './validate-command'

const program = new Command('deploy-actions')
  .description('Checks, plans and rehearses rollouts over regions.')
  .addCommand(validateCommand())
  .addCommand(planCommand())
  .addCommand(rehearseCommand())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = 1
  if (error instanceof InputError)
    for (const { where, message } of error.problems) console.error(where ? `${where}: ${message}` : message)
  else if (error instanceof WorkflowError) for (const finding of error.findings) console.error(finding)
  else console.error(error instanceof Error ? (error.stack ?? messageOf(error)) : String(error))
}
// Nothing is left to wait for; a forgotten socket must not hold the terminal.
process.exit()
