// The first step of `npm start` and `npm test`: makes sure that the Node packages of package-lock.json are there, Node 24
// among them. Plain JavaScript, because it must run on whatever Node (18 or later) the machine has.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.neutrino-stamp');
const warmStampFile = join(modules, '.cache', 'neutrino', 'warm-stamp');
const lockFile = join(root, '.prepare.lock');
const arch = process.arch;
const bundledNode = join(modules, `node-linux-${arch}`, 'bin', 'node');

/** @param {string} line */
function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/**
 * @param {string} line
 * @returns {never}
 */
function fail(line) {
  say(line);
  process.exit(1);
}

/** Changes when the packages that should be installed do. */
function wantedStamp() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(root, 'package-lock.json')));
  return `${hash.digest('hex')} ${process.platform}-${arch}\n`;
}

function isPrepared() {
  return existsSync(bundledNode) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp();
}

/** Two of these at once would empty node_modules under each other; the later one waits. */
async function takeLock() {
  for (let told = false; ; ) {
    try {
      const file = openSync(lockFile, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      process.on('exit', () => rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST')
        fail(`${root} is not writable (${error.code}); npm ci must be able to write node_modules there`);
    }
    if (!isRunning(lockHolder())) {
      rmSync(lockFile, { force: true });
      continue;
    }
    if (!told) say('another set-up is at work in this folder; waiting for it');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function lockHolder() {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch {
    return 0;
  }
}

/** @param {number} pid */
function isRunning(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `npm ci`, with a line every few seconds so that nobody takes it for dead. */
function installPackages() {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  say('installing the Node packages of package-lock.json (Node 24 among them; about half a minute) …');
  const progress = setInterval(() => say(`npm ci is at work since ${seconds()} s …`), 5000);
  return new Promise((resolve) => {
    const npm = spawn('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    npm.on('error', (error) =>
      fail(
        error.code === 'ENOENT' ? 'npm is not there; install npm 9 or later' : `npm did not start: ${error.message}`,
      ),
    );
    npm.on('exit', (code, signal) => {
      clearInterval(progress);
      if (code !== 0)
        fail(
          `npm ci failed (${signal ?? `exit code ${code}`}); its reason stands above. Check the network and the registry npm uses, then try again`,
        );
      if (!existsSync(bundledNode))
        fail(`npm ci brought no Node for this machine (node-linux-${arch}); x64 and arm64 are supported`);
      say(`Node packages installed in ${seconds()} s`);
      resolve(undefined);
    });
  });
}

/** Changes when a source does. Compiled code is kept per user, so this is, too. */
function sourcesStamp() {
  const times = ['src', 'cli', 'bin', 'setup'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => statSync(join(root, folder, name)).mtimeMs),
  );
  return `${times.length} ${Math.max(...times)} ${process.getuid()}\n`;
}

/** Only makes programs start sooner and smaller: not being able to is no reason to stop. */
function warmCode() {
  const stamp = sourcesStamp();
  if (existsSync(warmStampFile) && readFileSync(warmStampFile, 'utf8') === stamp) return;
  say('compiling the sources …');
  const { status } = spawnSync(join(root, 'setup/node'), [join(root, 'setup/warm.mjs')], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  if (status !== 0) return;
  try {
    mkdirSync(dirname(warmStampFile), { recursive: true });
    writeFileSync(warmStampFile, stamp);
  } catch {}
}

if (process.platform !== 'linux') fail(`Neutrino needs Linux; this is ${process.platform}`);
if (Number(process.versions.node.split('.')[0]) < 18)
  fail(`Node ${process.versions.node} is too old; install Node 18 or later`);
if (!isPrepared()) {
  await takeLock();
  if (!isPrepared()) {
    await installPackages();
    // Only makes the server start sooner: not being able to is no reason to stop.
    spawnSync(bundledNode, [join(root, 'setup/bundle.mjs')], { stdio: 'ignore' });
    writeFileSync(stampFile, wantedStamp());
  }
}
warmCode();
