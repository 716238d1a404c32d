// Makes one file of all cases of the virtual machine that are named on the command line behind a folder, and one of the program
// that drives their hosts: three hundred modules, each looked for and read by itself, take half a minute there. Then loads them,
// so that Node keeps them compiled. Nothing of them runs: cases find no runner, and the driver comes behind what fails.
import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const [folder, ...cases] = process.argv.slice(2);
const ALL = 'all of them';
const wanted = {
  name: 'cases',
  resolveId: (id) => (id === ALL ? id : null),
  load: (id) => (id === ALL ? cases.map((path) => `import ${JSON.stringify(resolve(path))};`).join('\n') : null),
  // What a module finds beside itself is beside its source.
  transform: (code, id) =>
    code.includes('import.meta.url')
      ? { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)) }
      : null,
};
const input = {
  cases: ALL,
  driver: resolve('test/support/host-driver.ts'),
  reporter: resolve('test/support/inside-vm-reporter.ts'),
};
/** Loaded only where they are asked for, which is not there. */
const external = [/^node:/, /^(mysql2|pg|amqplib|memjs|pino|prom-client|yaml)(\/|$)/];
const bundle = await rolldown({ input, platform: 'node', external, plugins: [wanted], logLevel: 'silent' });
await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
await bundle.close();

const names = ['after', 'afterEach', 'before', 'beforeEach', 'describe', 'it'];
const text = names.map((name) => `export function ${name}() { return new Promise(() => {}); }`).join('\n');
const runner = { url: `data:text/javascript,${encodeURIComponent(text)}`, format: 'module', shortCircuit: true };
registerHooks({
  resolve: (specifier, context, next) => (specifier === 'node:test' ? runner : next(specifier, context)),
});
const urlOf = (name) => pathToFileURL(join(folder, `${name}.mjs`)).href;
await import(urlOf('cases'));
await import(urlOf('reporter'));
const failing = `import 'data:text/javascript,throw 0'; import '${urlOf('driver')}';`;
await import(`data:text/javascript,${encodeURIComponent(failing)}`).catch(() => {});
