import type { Clock, WrittenSettings } from '@deploy-actions/action-kit'

/**
 * A system that counts. What its counter says is set by the test, moment by moment; whatever the source asks, be it the
 * level now or the increase over a window, is answered from that.
 */
export interface SourceLab {
  settings: WrittenSettings
  secrets?: Record<string, string>
  /** a query of that counter */
  query: Record<string, unknown>
  /** From now on the counter says this; undefined: there is no such counter. */
  count(value: number | undefined): void
  /** From now on every answer is an error; `false` ends that. */
  fail(fails: boolean): void
  /** It does not listen any more. */
  leave(): Promise<void>
  close(): Promise<void>
}
export type OpenSourceLab = (clock: Clock) => Promise<SourceLab>
