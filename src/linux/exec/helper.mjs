// The helper of one agent: starts the programs the agent asks for, so that the (large) agent never forks itself.
//
// Plain JavaScript and no imports but Node's own, on purpose: with the type stripper loaded a process of this size
// takes 17 MB more, and every agent has one helper. It reads one JSON object a line on stdin and answers on stdout:
//
//   {id, op: "run", argv, netns?, stdin?, timeoutMs}      -> {id, code, stdout, stderr} or {id, error, stderr?}
//   {id, op: "daemon", argv, netns?, env?, logFile?}      -> {id, code, stdout, stderr} or {id, error}
//   {id, op: "open", argv}                                -> {id, pid}, {id, out} …, {id, err} …, at last {id, exit}
//   {id, op: "stop"}                                      halts what `open` started (SIGSTOP)
//   {id, op: "kill"}                                      ends it
//
// Calls run side by side. End of stdin means that the agent is gone: kill what runs, then go too. Daemons are forked
// out with a session of their own (`setsid --fork`) and are nobody's children any more.
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT = { PATH, LC_ALL: 'C', HOME: '/' };

/** What agents run, and nothing else. More names only by `--allow=a,b` on the command line (tests). */
const ALLOWED = new Set([
  'arping',
  'bridge',
  'conntrack',
  'dhcp_release',
  'dhcp_release6',
  'dnsmasq',
  'ebtables',
  'ebtables-nft-restore',
  'ebtables-nft-save',
  'ebtables-restore',
  'ebtables-save',
  'haproxy',
  'ip',
  'ip6tables',
  'ip6tables-legacy-restore',
  'ip6tables-legacy-save',
  'ip6tables-nft-restore',
  'ip6tables-nft-save',
  'ip6tables-restore',
  'ip6tables-save',
  'ipset',
  'iptables',
  'iptables-legacy-restore',
  'iptables-legacy-save',
  'iptables-nft-restore',
  'iptables-nft-save',
  'iptables-restore',
  'iptables-save',
  'keepalived',
  'modprobe',
  'ndsend',
  'radvd',
  'sysctl',
  'tc',
  'xtables-monitor',
]);
for (const name of (process.argv.find((word) => word.startsWith('--allow=')) ?? '--allow=').slice(8).split(',')) {
  if (name) ALLOWED.add(name);
}

/** Programs of our own beside this file, and what runs them. */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const OWN = new Map([
  ['neutrino-dhcpv6', [process.execPath, '--max-old-space-size=32', '--v8-pool-size=1', beside('dhcpv6.mjs')]],
  ['neutrino-lease', ['/bin/sh', beside('lease.sh')]],
  ['neutrino-look', ['/bin/sh', beside('look.sh')]],
]);

/** Debian's packages, where they are not called as the program. */
const PACKAGES = {
  arping: 'iputils-arping',
  bridge: 'iproute2',
  dhcp_release: 'dnsmasq-utils',
  dhcp_release6: 'dnsmasq-utils',
  dnsmasq: 'dnsmasq-base',
  ip: 'iproute2',
  ip6tables: 'iptables',
  modprobe: 'kmod',
  sysctl: 'procps',
  tc: 'iproute2',
  'xtables-monitor': 'iptables',
};

/** At most so many commands at once; the rest waits. */
const MAX_RUNNING = 48;
/** A command that says more is broken. */
const MAX_OUTPUT = 128 * 1024 * 1024;
const NETNS_NAME = /^[\w][\w.:-]*$/;

const children = new Map();
const streams = new Map();
const waiting = [];
let running = 0;

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Checks that it may be run and is there, so that a missing one is told by name. */
function checkProgram(name) {
  if (OWN.has(name)) return;
  if (!ALLOWED.has(name)) throw new Error(`${name} is not on the list of programs an agent may run`);
  for (const folder of PATH.split(':')) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return;
    } catch {}
  }
  throw new Error(
    `${name} is not installed (Debian package ${PACKAGES[name.replace(/(-nft|-legacy)?(-save|-restore)$/, '')] ?? name})`,
  );
}

function checkNetns(netns) {
  if (!NETNS_NAME.test(netns)) throw new Error(`not a name of a network namespace: ${netns}`);
}

/**
 * `ip` makes a mount namespace for whatever it runs in a network namespace, and `ip -n` for itself: milliseconds, and the
 * kernel does one at a time. A command that looks at nothing below /sys and /etc/netns does without.
 */
function commandLine({ argv, netns }) {
  checkProgram(argv[0]);
  const own = OWN.get(argv[0]);
  if (own) return commandOf([...own, ...argv.slice(1)], netns);
  const [program, option, name, ...rest] = argv;
  const isInside = ['ip', 'tc', 'bridge'].includes(program) && option === '-n' && name !== undefined;
  return commandOf(isInside ? [program, ...rest] : argv, netns ?? (isInside ? name : null));
}

function commandOf(argv, netns) {
  if (netns === undefined || netns === null) return argv;
  checkNetns(netns);
  return ['nsenter', `--net=/run/netns/${netns}`, ...argv];
}

/** A daemon gets the whole of it: files of /etc/netns and /sys as the namespace has them. */
function daemonLine({ argv, netns }) {
  checkProgram(argv[0]);
  const words = ['setsid', '--fork', ...argv];
  if (netns === undefined || netns === null) return words;
  checkNetns(netns);
  return ['ip', 'netns', 'exec', netns, ...words];
}

function run(request) {
  if (running >= MAX_RUNNING) {
    waiting.push(request);
    return;
  }
  running += 1;
  let finished = false;
  const finish = (message) => {
    if (finished) return;
    finished = true;
    running -= 1;
    children.delete(request.id);
    answer({ id: request.id, ...message });
    const next = waiting.shift();
    if (next) run(next);
  };
  let child;
  try {
    const [program, ...rest] = commandLine(request);
    child = spawn(program, rest, {
      env: ENVIRONMENT,
      cwd: '/',
      stdio: [request.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    finish({ error: error.message });
    return;
  }
  children.set(request.id, child);
  const out = [];
  const err = [];
  let size = 0;
  let why = null;
  const collect = (into) => (chunk) => {
    size += chunk.length;
    if (size > MAX_OUTPUT) {
      why = 'printed too much';
      child.kill('SIGKILL');
    } else into.push(chunk);
  };
  child.stdout.on('data', collect(out));
  child.stderr.on('data', collect(err));
  const text = (chunks) => Buffer.concat(chunks).toString('utf8');
  const timer = setTimeout(() => {
    why = `no end after ${request.timeoutMs} ms`;
    child.kill('SIGKILL');
    // A child of the command may hold the pipes open: do not wait for them.
    setTimeout(() => finish({ error: why, stderr: text(err) }), 200).unref();
  }, request.timeoutMs);
  child.on('error', (error) => {
    clearTimeout(timer);
    finish({ error: error.message });
  });
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    if (code === null) finish({ error: why ?? `ended by ${signal}`, stderr: text(err) });
    else finish({ code, stdout: text(out), stderr: text(err) });
  });
  if (request.stdin !== undefined) {
    child.stdin.on('error', () => {});
    child.stdin.end(request.stdin);
  }
}

function daemon(request) {
  let log = 'ignore';
  try {
    const [program, ...rest] = daemonLine(request);
    if (request.logFile) log = openSync(request.logFile, 'a', 0o640);
    const child = spawn(program, rest, {
      env: { ...ENVIRONMENT, ...request.env },
      cwd: '/',
      stdio: ['ignore', log, log],
    });
    child.on('error', (error) => answer({ id: request.id, error: error.message }));
    child.on('exit', (code, signal) => {
      if (code === null) answer({ id: request.id, error: `ended by ${signal}` });
      else answer({ id: request.id, code, stdout: '', stderr: '' });
    });
  } catch (error) {
    answer({ id: request.id, error: error.message });
  } finally {
    if (typeof log === 'number') closeSync(log);
  }
}

/** A program that goes on talking (`ip monitor`); the kernel ends it even if this helper is killed. */
function open(request) {
  try {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...commandLine(request)], {
      env: ENVIRONMENT,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    streams.set(request.id, child);
    if (child.pid !== undefined) answer({ id: request.id, pid: child.pid });
    child.stdout.setEncoding('utf8').on('data', (out) => answer({ id: request.id, out }));
    child.stderr.setEncoding('utf8').on('data', (err) => answer({ id: request.id, err }));
    child.on('error', (error) => answer({ id: request.id, err: error.message }));
    child.on('close', (code) => {
      streams.delete(request.id);
      answer({ id: request.id, exit: code });
    });
  } catch (error) {
    answer({ id: request.id, err: error.message });
    answer({ id: request.id, exit: null });
  }
}

const OPERATIONS = {
  run,
  daemon,
  open,
  stop: ({ id }) => streams.get(id)?.kill('SIGSTOP'),
  kill: ({ id }) => streams.get(id)?.kill('SIGKILL'),
};

// A rule set of some megabytes comes in a hundred chunks: they are put together once, at the end of the line.
let pieces = [];
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = chunk.split('\n');
  pieces.push(lines[0]);
  if (lines.length === 1) return;
  lines[0] = pieces.join('');
  pieces = [lines.pop()];
  for (const line of lines) {
    const request = JSON.parse(line);
    OPERATIONS[request.op](request);
  }
});
function leave() {
  for (const child of [...children.values(), ...streams.values()]) child.kill('SIGKILL');
  process.exit(0);
}
process.stdin.on('end', leave);
process.stdin.on('error', leave);
process.stdout.on('error', leave);
// A service manager signals the whole group: the agent may still need its helper to finish, and ends it by the pipe.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.title = 'neutrino-helper';
