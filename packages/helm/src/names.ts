import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'

/** What Helm itself takes: a name of a release is a part of the names of its objects. Source: helm, `ValidateReleaseName`. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$/
export const releaseName = lazily(() =>
  z.string().regex(NAME, 'is not a name: at most 53 of a-z, 0-9 and -, and no - at its ends'),
)

/** Helm takes addresses, too, which nobody has reviewed, and a values file with a comma for two. */
export const repositoryPath = lazily(() =>
  z
    .string()
    .regex(
      /^(?!-)(?!\/)(?!.*(^|\/)\.\.(\/|$))(?!.*(,|:\/\/)).+/,
      'is not a path inside the repository without commas',
    ),
)

/** A value of a chart, as `--set-string` names it. */
export const valuePath = lazily(() =>
  z.string().regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'is not a path of keys such as image.digest'),
)

/** A program that is run as it is named: no flag is taken for one. */
export const programName = lazily(() => z.string().regex(/^(?!-)\S+$/, 'is not a program'))
