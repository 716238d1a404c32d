import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { project } from '../../support/programs.ts';

/** State of the real OpenStack of `bench/peer`. */
const folder = process.env.PEER_DIR ?? '/tmp/peer';

export interface Account {
  user: string;
  password: string;
  project: string;
}

/** The real OpenStack that runs, as its scripts wrote it down. */
export interface Peer {
  keystoneUrl: string;
  /** Of its own neutron-server, whatever the catalog says. */
  neutronUrl: string;
  memcached: string;
  accounts: Record<'admin' | 'demo' | 'alt' | 'viewer' | 'neutron', Account>;
}

/**
 * Starts Debian's Keystone (and neutron-server, for `server`) with everything below, installing what is missing. What runs
 * already is used as it is and left running; what was started here is taken down by `undo`.
 * @param plugins service plugins of neutron-server; those of `peer-up`'s profile `typical` when not given
 */
export async function startPeer(
  undo: AsyncDisposableStack,
  what: 'keystone' | 'server',
  { plugins }: { plugins?: readonly string[] } = {},
): Promise<Peer> {
  if (!(await answers('http://127.0.0.1:35000/v3'))) undo.defer(() => script('peer-down', []));
  else if (what === 'server' && !(await answers(`${realNeutron}/`))) undo.defer(() => script('peer-down', ['server']));
  const env = plugins && { PEER_SERVICE_PLUGINS: plugins.join(',') };
  await script('peer-up', [what, ...(what === 'server' ? ['--profile', 'typical'] : [])], env);
  return readPeer();
}

/** Where `bench/peer` starts the real neutron-server. */
export const realNeutron = 'http://127.0.0.1:39696';

/** Two agents of the real server that stay alive, so that it has somebody to bind ports to. */
export function addStandInAgents(): Promise<void> {
  return script('fake-agents.sh', ['add']);
}

async function readPeer(): Promise<Peer> {
  const settings = await readAssignments('settings');
  const account = async (file: string): Promise<Account> => {
    const rc = await readAssignments(file);
    return { user: rc.OS_USERNAME!, password: rc.OS_PASSWORD!, project: rc.OS_PROJECT_NAME! };
  };
  return {
    keystoneUrl: settings.KEYSTONE_URL!,
    neutronUrl: realNeutron,
    memcached: settings.MEMCACHED!,
    accounts: {
      admin: await account('openrc'),
      demo: await account('openrc-demo'),
      alt: await account('openrc-alt'),
      viewer: await account('openrc-viewer'),
      neutron: await account('openrc-neutron'),
    },
  };
}

/** A file of shell assignments, with or without `export`. */
async function readAssignments(name: string): Promise<Record<string, string>> {
  const text = await readFile(join(folder, name), 'utf8');
  return Object.fromEntries([...text.matchAll(/^(?:export )?(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value!]));
}

/** Runs a script of `bench/peer`; what it says is shown. @throws Error when it fails */
async function script(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(join(project, 'bench/peer', name), args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`bench/peer/${name} ${args.join(' ')} ended with ${code}`);
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
