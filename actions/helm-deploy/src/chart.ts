import { z } from 'zod'
import { repositoryPath } from '@deploy-actions/helm'

/** `oci://ghcr.io/acme/charts/api@sha256:...`: no tag, for that can move. */
const BY_DIGEST = /^oci:\/\/[^\s@]+@sha256:[0-9a-f]{64}$/
/** The name of a chart in a repository. */
export const CHART_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** A chart that is what it was when it was reviewed: in the repository, or named by its digest. */
export const chartReference = z.string().superRefine((text, context) => {
  const isOci = text.startsWith('oci://')
  if (isOci && BY_DIGEST.test(text)) return
  if (isOci)
    context.addIssue({
      code: 'custom',
      message: 'names no digest, and a tag can move; write oci://REGISTRY/NAME@sha256:...',
    })
  else if (!repositoryPath().safeParse(text).success)
    context.addIssue({
      code: 'custom',
      message:
        'is not a chart; write a folder or package of the repository, oci://REGISTRY/NAME@sha256:..., or with chart-repository its name',
    })
})

/** What may not stand together in one release, as `key: why`; empty when all is well. */
export function chartProblems({
  chart,
  'chart-repository': repository,
  'chart-version': version,
}: {
  chart: string
  'chart-repository'?: string | undefined
  'chart-version'?: string | undefined
}): { key: string; message: string }[] {
  if (repository !== undefined) {
    const named = CHART_NAME.test(chart)
    return [
      ...(named ? [] : [{ key: 'chart', message: 'with chart-repository it is the name of a chart there' }]),
      ...(version === undefined
        ? [
            {
              key: 'chart-version',
              message: 'is missing; chart-repository needs the exact version of the chart',
            },
          ]
        : []),
    ]
  }
  return version === undefined
    ? []
    : [
        {
          key: 'chart-version',
          message: 'is for a chart of a chart-repository; one of the repository or by digest is what it is',
        },
      ]
}
