import { InputError } from '@deploy-actions/action-kit'

export type Major = 3 | 4

/** `--dry-run=server` and `get metadata` came with it, and `--labels` shortly before. */
const OLDEST_MINOR_OF_3 = 13

/**
 * Which major a program is, by what `helm version --template {{.Version}}` prints: `v3.22.0+g123abc`.
 * @throws InputError for a program that no flag is known of
 */
export function majorOf(printed: string, program: string): Major {
  const [, major, minor] = /^v?(\d+)\.(\d+)/m.exec(printed.trim()) ?? []
  if (major === '4') return 4
  if (major === '3' && Number(minor) >= OLDEST_MINOR_OF_3) return 3
  throw new InputError([
    {
      where: program,
      message:
        major === undefined
          ? 'did not print its version as Helm does; is it Helm?'
          : `is Helm ${major}.${minor}, and 3.${OLDEST_MINOR_OF_3} and later or 4 are spoken here; install one of them in an earlier step`,
    },
  ])
}
