// Loads cases of the virtual machine, named on the command line, and what they start, so that Node keeps them compiled. Nothing
// of it runs: cases find no runner, and a host's driver finds no host to open.
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const inert = (names) => {
  const text = names.map((name) => `export function ${name}() { return new Promise(() => {}); }`).join('\n');
  return { url: `data:text/javascript,${encodeURIComponent(text)}`, format: 'module', shortCircuit: true };
};
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'node:test') return inert(['after', 'afterEach', 'before', 'beforeEach', 'describe', 'it']);
    if (specifier.endsWith('/linux/host.ts') && context.parentURL.endsWith('/host-driver.ts'))
      return inert(['openHost']);
    return next(specifier, context);
  },
});
const load = (path) => import(pathToFileURL(resolve(path)).href);
await Promise.all([...process.argv.slice(2), 'test/support/inside-vm-reporter.ts'].map(load));
// It waits for its host for ever.
load('test/support/host-driver.ts');
await new Promise((done) => setImmediate(done));
