// Loaded before our programs by the launchers: takes a package of very many files from one file, made by bundle.mjs, and finds
// our own modules without a search. Kysely has 300 files, which cost 150 ms of every start. Without the file everything
// works, only later.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const root = new URL('../', import.meta.url);
const modules = new URL('node_modules/', root);

/** Named after the version, so that a newer package is never hidden by an older bundle. */
export function bundleOf(name) {
  const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, modules), 'utf8'));
  return new URL(`.cache/neutrino/${name}-${version}.mjs`, modules);
}

const kysely = bundleOf('kysely');
const bundled = existsSync(kysely) ? kysely.href : null;

/**
 * A module of ours that imports another by its place, with its ending: the place is all there is to it. Node would look for
 * links, folders and `package.json` files on the way, which is a fifth of a server's start.
 */
function isOurs(specifier, parent) {
  return (
    specifier.startsWith('.') &&
    specifier.endsWith('.ts') &&
    parent?.startsWith(root.href) &&
    !parent.startsWith(modules.href)
  );
}

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'kysely' && bundled !== null) return { url: bundled, shortCircuit: true };
    const { parentURL } = context;
    if (!isOurs(specifier, parentURL)) return next(specifier, context);
    return { url: new URL(specifier, parentURL).href, format: 'module-typescript', shortCircuit: true };
  },
});
