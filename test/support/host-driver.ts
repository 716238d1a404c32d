/**
 * A program that runs inside an emulated host and does there what a test asks for: `src/linux`'s host with its methods
 * called over a unix socket, one JSON object a line. See `remote-host.ts`.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { silentLogger } from '../../src/lib/log.ts';
import { ApplyFailed, CommandFailed, type Host, type Link, type Route } from '../../src/linux/contract.ts';
import { openHost } from '../../src/linux/host.ts';
import { NftablesWatch } from '../../src/linux/table-watch.ts';

const host = await openHost({ alsoAllow: ['cat', 'sleep', 'sh'] });
const tables = new NftablesWatch(host.exec, silentLogger);

// biome-ignore lint/suspicious/noExplicitAny: what the other side sends is what the host's methods take
const methods: Record<string, (socket: Socket, ...args: any[]) => Promise<unknown>> = {
  readNetwork: async (_, netns?: string) => {
    const { links, routes } = await host.readNetwork(netns);
    return { links: [...links], routes };
  },
  readAgain: async (_, links: [string, Link][], routes: Route[], names: string[]) => {
    const again = await host.readAgain({ links: new Map(links), routes }, names);
    return { links: [...again.links], routes: again.routes };
  },
  apply: (_, ...args: Parameters<Host['apply']>) => host.apply(...args),
  listNetns: () => host.listNetns(),
  ensureNetns: (_, name: string) => host.ensureNetns(name),
  removeNetns: (_, name: string) => host.removeNetns(name),
  run: (_, ...args: Parameters<Host['exec']['run']>) => host.exec.run(...args),
  daemon: (_, ...args: Parameters<Host['exec']['daemon']>) => host.exec.daemon(...args),
  helperPid: async () => host.exec.helperPid,
  areTablesQuiet: () => tables.isQuiet(),
  watchAddresses: async (socket) => {
    const send = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
    await host.watchAddresses(
      (address) => send({ address }),
      () => {},
    );
  },
  watchLinks: async (socket) => {
    const send = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
    await host.watchLinks(
      (event) => send({ event }),
      () => send({ lost: true }),
    );
  },
};

function describe(error: unknown): object {
  if (error instanceof ApplyFailed) return { name: 'ApplyFailed', operation: error.operation, stderr: error.stderr };
  if (error instanceof CommandFailed) {
    const { argv, code, stderr, netns, message } = error;
    return { name: 'CommandFailed', argv, code, stderr, netns, message };
  }
  return { name: 'Error', message: String(error) };
}

createServer((socket) => {
  createInterface({ input: socket }).on('line', async (line) => {
    const { id, method, args } = JSON.parse(line) as { id: number; method: string; args: unknown[] };
    try {
      const result = await methods[method]?.(socket, ...args.map((arg) => arg ?? undefined));
      socket.write(`${JSON.stringify({ id, result })}\n`);
    } catch (error) {
      socket.write(`${JSON.stringify({ id, error: describe(error) })}\n`);
    }
  });
  socket.on('close', () => void host.close().then(() => process.exit(0)));
}).listen(process.argv[2], () => console.log('ready'));
