import { createSocket, type Socket } from 'node:dgram';

/**
 * One end of the probing in a guest's namespace; both ends are on one clock.
 *
 *     probe-worker.ts listen ADDRESS FROM-PORT TO-PORT    says `arrived PORT TIME` of the first datagram to each port since `arm PORT`
 *     probe-worker.ts send ADDRESS…                       `send PORT` begins: a datagram to each address every millisecond; `stop`
 *     probe-worker.ts knock                               `knock ADDRESS PORT` begins: a flow of its own every 2 ms; `stop`
 *
 * Orders come on stdin, a line each. TIME is in ms since the epoch.
 */
const [, , mode, ...args] = process.argv;

const say = (line: string) => process.stdout.write(`${line}\n`);
const now = () => performance.timeOrigin + performance.now();

function onOrder(take: (words: string[]) => void): void {
  let rest = '';
  process.stdin.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) take(line.split(' '));
  });
}

async function listen(address: string, from: number, to: number): Promise<void> {
  const armed = new Set<number>();
  for (let port = from; port <= to; port++) {
    const socket = createSocket('udp4');
    socket.on('message', () => {
      if (armed.delete(port)) say(`arrived ${port} ${now()}`);
    });
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  }
  onOrder(([order, port]) => {
    if (order === 'arm') armed.add(Number(port));
    say(`armed ${port}`);
  });
  say('ready');
}

/** Each datagram is the first of its flow: where addresses are rewritten the first one decides for all. */
function knock(): void {
  let timer: NodeJS.Timeout | null = null;
  onOrder(([order, address, port]) => {
    if (timer) clearInterval(timer);
    timer = null;
    if (order === 'knock') {
      timer = setInterval(() => {
        const fresh = createSocket('udp4');
        fresh.on('error', () => {});
        fresh.send('probe', Number(port), address, () => fresh.close());
      }, 2);
    }
    say(`${order} done`);
  });
  say('ready');
}

function send(addresses: readonly string[]): void {
  let socket: Socket | null = null;
  let timer: NodeJS.Timeout | null = null;
  const stop = () => {
    if (timer) clearInterval(timer);
    socket?.close();
    socket = null;
  };
  onOrder(([order, port]) => {
    stop();
    // A socket of its own each time: a flow that was let through once must not open the way for the next.
    if (order === 'send') {
      const fresh = createSocket('udp4');
      fresh.on('error', () => {});
      socket = fresh;
      timer = setInterval(() => {
        for (const address of addresses) fresh.send('probe', Number(port), address);
      }, 1);
    }
    say(`${order} done`);
  });
  say('ready');
}

if (mode === 'listen') await listen(args[0]!, Number(args[1]), Number(args[2]));
else if (mode === 'knock') knock();
else send(args);
