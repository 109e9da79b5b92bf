import { suite, type ActionName } from './suite'

/** The entry of the suite bundle: runs one action and ends the process. Called by the stub of that action. */
export async function runAction(name: ActionName): Promise<never> {
  return suite[name].run(name)
}
