/** What we read of webpack's stats. */
export interface BundleStats {
  modules?: StatsModule[]
}

interface StatsModule {
  /** path of the module's file */
  nameForCondition?: string | null
  /** modules that were concatenated into this one */
  modules?: StatsModule[]
}

/** Folders of the npm packages whose code is in a bundle, each once, in order. */
export function bundledPackages(stats: BundleStats): string[] {
  const folders = filesOf(stats).flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [])
  return [...new Set(folders)].sort()
}

function filesOf({ modules = [] }: BundleStats): string[] {
  return modules.flatMap((module) => [
    ...(module.nameForCondition ? [module.nameForCondition] : []),
    ...filesOf(module),
  ])
}
