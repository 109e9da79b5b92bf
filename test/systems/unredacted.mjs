import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'

// Runs an action from its source with everything switched off that takes values out of texts: the search for values in
// what a run leaves has to find them then. Nothing that is shipped can be switched so.
//   node --import tsx unredacted.mjs ACTION

/** Of each file, what is put in place of a function or a class. */
const OFF = {
  'packages/action-kit/src/secrets.ts': { redact: '(text) => text' },
  'packages/helm/src/failure.ts': { withoutManifests: '(text) => text' },
  'packages/kubernetes/src/cluster.ts': { withoutValues: '(text) => text' },
  'packages/kubernetes/src/manifest-diff.ts': {
    shown: '(_, { path, before, after }) => `${path}: ${before} -> ${after}`',
  },
  'packages/terraform/src/attributes.ts': { isHidden: '() => false', hasMark: '() => false' },
  'packages/terraform/src/sensitive.ts': {
    SensitiveTexts:
      'class extends SensitiveTexts { clean(text) { return text } cleanJson(value) { return JSON.stringify(value) } }',
  },
}

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    const [, functions = {}] = Object.entries(OFF).find(([file]) => url.split('?')[0].endsWith(file)) ?? []
    return { ...loaded, source: Object.entries(functions).reduce(replaced, loaded.source) }
  },
})

function replaced(source, [name, other]) {
  const text = String(source)
  const declared = new RegExp(`\\b(const|function|class) ${name}\\b`)
  assert.match(text, declared, `there is no ${name} to switch off`)
  return `${text.replace(new RegExp(`\\bconst ${name}\\b`), `let ${name}`)}\n${name} = ${other};\n`
}

const { runAction } = await import('../../actions/suite-entry.ts')
await runAction(process.argv[2])
