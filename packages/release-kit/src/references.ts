/** How workflows of the release tree name our own actions and workflows: by `$/`, or by repository and version. */
export type References = 'self' | { repository: string; version: string }

/**
 * Rewrites `uses: $/NAME` for servers that do not know it (GitHub Enterprise Server), and the `OWNER/deploy-actions/NAME@v1`
 * that callers show.
 */
export function withReferences(workflow: string, references: References): string {
  if (references === 'self') return workflow
  const { repository, version } = references
  const own = /(\buses:\s*)(?:\$\/([^\s@]+)|OWNER\/deploy-actions\/([^\s@]+)@v1)(?=\s|$)/g
  return workflow.replace(
    own,
    (_, uses: string, self?: string, named?: string) =>
      `${uses}${repository}/${self ?? named ?? ''}@${version}`,
  )
}
