// Loaded before our programs by the launchers: takes a package of very many files from one file, made by bundle.mjs.
// Kysely has 300 files, which cost 150 ms of every start. Without the file everything works, only later.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const modules = new URL('../node_modules/', import.meta.url);

/** Named after the version, so that a newer package is never hidden by an older bundle. */
export function bundleOf(name) {
  const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, modules), 'utf8'));
  return new URL(`.cache/neutrino/${name}-${version}.mjs`, modules);
}

const kysely = bundleOf('kysely');
if (existsSync(kysely)) {
  registerHooks({
    resolve(specifier, context, next) {
      return specifier === 'kysely' ? { url: kysely.href, shortCircuit: true } : next(specifier, context);
    },
  });
}
