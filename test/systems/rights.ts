import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { create, documentsIn, type LocalCluster } from '@deploy-actions/local-cluster'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

interface Role {
  kind: string
  metadata: { name: string; namespace: string }
}

/**
 * A kubeconfig of somebody who has exactly the rights of a file of the manual, all of its Roles in one namespace.
 * @returns its path
 */
export async function kubeconfigWithRights(
  real: LocalCluster,
  manual: string,
  namespace: string,
): Promise<string> {
  const text = await readFile(new URL(`../../docs/kubernetes/${manual}`, import.meta.url), 'utf8')
  const user = manual.replace(/\W/g, '-')
  const at = `${RBAC}/namespaces/${namespace}`
  for (const role of documentsIn(text) as Role[]) {
    const { name } = role.metadata
    await create(real, `${at}/roles`, { ...role, metadata: { name, namespace } })
    await create(real, `${at}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'User', name: user }],
    })
  }
  const config = JSON.parse(await readFile(real.kubeconfig, 'utf8')) as { users: { user: object }[] }
  for (const one of config.users) Object.assign(one.user, { as: user })
  const file = path.join(real.folder, user)
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
