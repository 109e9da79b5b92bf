import type { Provider, WrittenSettings } from '@deploy-actions/action-kit'

/** A provider configured with settings that a test holds for valid. @throws Error with what is wrong with them */
export function configured<C>(provider: Provider<C>, written: WrittenSettings): C {
  const configuration = provider.configure(written)
  if (configuration.success) return configuration.data
  throw new Error(configuration.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}
