// Run by prepare.mjs when sources changed, through setup/node: fills Node's cache of compiled code. A program that finds its
// files there starts in half the time and never loads the compiler that strips types, which would stay in its memory
// (27 MB each). Importing is enough, since no module of ours does anything by it.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const root = fileURLToPath(new URL('..', import.meta.url));
const programs = globSync('bin/*.ts', { cwd: root }).map((name) => join(root, name));
// The bodies of threads are named by a URL, not imported.
const threads = globSync('src/db/**/*worker.ts', { cwd: root }).map((name) => join(root, name));

const sources = new Set([...programs, ...threads]);
for (const file of sources) {
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+\.ts)'/g))
    sources.add(resolve(dirname(file), name));
}
for (const file of sources) {
  if (!programs.includes(file) && !threads.includes(file)) await import(pathToFileURL(file).href);
}
for (const file of threads) await inThread(file);
// Programs start by being imported.
for (const file of programs) spawnSync(file.slice(0, -'.ts'.length), ['--version'], { stdio: 'ignore' });

/** It finds nothing to do and fails, which is an end as well. */
function inThread(file) {
  return new Promise((done) => {
    const worker = new Worker(file, { stdout: true, stderr: true });
    worker.on('error', done);
    worker.on('exit', done);
  });
}
