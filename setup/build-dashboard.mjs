// Builds dashboard/dist, which the server serves at /dashboard/. `npm run build` always does; `npm start` (--if-older) only
// when a source is newer, and goes on without it when it cannot: the API does not need it. Tests of the page (--if-older --must)
// fail then.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'dashboard/dist/.sources');
const ifOlder = process.argv.includes('--if-older');
const must = !ifOlder || process.argv.includes('--must');

/** Changes when a source does; by time and number, as it is asked at every start. */
function sourcesStamp() {
  const folders = ['dashboard/src', 'dashboard/public', 'src/lib', 'src/resources'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name))),
  );
  files.push('dashboard/index.html', 'dashboard/vite.config.ts', 'package-lock.json');
  const newest = Math.max(...files.map((file) => statSync(join(root, file)).mtimeMs));
  return `${files.length} ${newest}\n`;
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

const stamp = sourcesStamp();
if (!ifOlder || !existsSync(built) || readFileSync(built, 'utf8') !== stamp) {
  const start = Date.now();
  say('building the dashboard …');
  try {
    const { build } = await import('vite');
    await build({ root: join(root, 'dashboard'), logLevel: 'error' });
    writeFileSync(built, stamp);
    say(`dashboard built in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  } catch (error) {
    say(`the dashboard could not be built: ${error.message}`);
    if (must) process.exitCode = 1;
  }
}
