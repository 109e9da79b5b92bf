import type { WrittenSettings } from '@deploy-actions/action-kit'

/** What a sink's system was sent. */
export interface Sent {
  /** everything of it beside the address: headers and body */
  content: string
}

/** The system behind a sink; it takes everything at first. */
export interface NotifierLab {
  settings: WrittenSettings
  secrets: Record<string, string>
  sent: Sent[]
  /** From now on it answers as this kind of trouble does. */
  fail(how: 'refuses' | 'is broken'): void
  /** It does not listen any more. */
  leave(): Promise<void>
  close(): Promise<void>
}
export type OpenNotifierLab = () => Promise<NotifierLab>
