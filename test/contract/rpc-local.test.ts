import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adminContext } from '../../src/lib/context.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { Broker } from '../../src/rpc/local/broker.ts';
import { connectLocalBus } from '../../src/rpc/local/connect.ts';
import { encodeFrame } from '../../src/rpc/local/frames.ts';
import { attachInProcess } from '../../src/rpc/local/in-process.ts';
import { type LocalBus, serveLocalBus } from '../../src/rpc/local/serve.ts';
import { MessagingTimeout, type Transport } from '../../src/rpc/transport.ts';
import { eventually } from '../support/eventually.ts';
import { type Bus, describeTransport } from './rpc-suite.ts';

const context = adminContext();

test('the bus knows who listens: what nobody hears need not be said', async () => {
  const broker = new Broker(silentLogger);
  const [server, agent] = ['server', 'agent'].map((name) => attachInProcess(broker, name, silentLogger));
  const topic = 'neutron-vo-Port-1.7';
  expect(server!.hears!(topic)).toBe(false);
  const listener = await agent!.listen(topic, 'host1', []);
  expect(server!.hears!(topic)).toBe(true);
  await listener.close();
  expect(server!.hears!(topic)).toBe(false);
  await Promise.all([server!.close(), agent!.close()]);
  broker.close();
});

/** A bus in a folder of its own. */
async function openSocketBus(): Promise<Bus> {
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-bus-'));
  const socketPath = join(folder, 'bus.sock');
  const transports: Transport[] = [];
  let bus = await serveLocalBus({ socketPath });
  return {
    async connect(program) {
      const transport = connectLocalBus({ socketPath, program });
      transports.push(transport);
      return transport;
    },
    stop: () => bus.close(),
    async start() {
      bus = await serveLocalBus({ socketPath });
    },
    async close() {
      await Promise.all(transports.map((transport) => transport.close()));
      await bus.close();
      rmSync(folder, { recursive: true });
    },
  };
}

describeTransport('local bus, programs on sockets', openSocketBus);

/** Programs beside the broker in one process, as the server is on its own bus. */
async function openInProcessBus(): Promise<Bus> {
  const broker = new Broker(silentLogger);
  const unable = () => Promise.reject(new Error('the broker is this process'));
  return {
    connect: async (program) => attachInProcess(broker, program, silentLogger),
    stop: unable,
    start: unable,
    close: async () => broker.close(),
  };
}

describeTransport('local bus, programs in the process of the broker', openInProcessBus, { outlives: false });

describe('local bus', () => {
  let folder: string;
  let socketPath: string;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'neutrino-bus-'));
    socketPath = join(folder, 'bus.sock');
  });

  afterEach(async () => {
    for (const thing of opened.reverse()) await thing.close();
    opened.length = 0;
    rmSync(folder, { recursive: true });
  });

  const serve = async (options: { maxQueuedBytes?: number } = {}): Promise<LocalBus> => {
    const bus = await serveLocalBus({ socketPath, ...options });
    opened.push(bus);
    return bus;
  };
  const join_ = (program: string): Transport => {
    const transport = connectLocalBus({ socketPath, program });
    opened.push(transport);
    return transport;
  };
  const hello = (replyQueue: string) => encodeFrame({ op: 'hello', protocol: 1, program: 'raw', pid: 1, replyQueue });

  test('only this user may open the socket, and nothing else is left in the folder', async () => {
    await serve();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['bus.sock']);
  });

  test('the socket is gone after close', async () => {
    const bus = await serve();
    await bus.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  test('a socket that a killed server left is replaced', async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(folder, 'old'), resolve));
    renameSync(join(folder, 'old'), socketPath);
    await new Promise((resolve) => dead.close(resolve));
    expect(existsSync(socketPath)).toBe(true);
    const bus = await serve();
    await bus.transport.listen('t', 's', [{ version: '1.0', methods: { hi: async () => 'hi' } }]);
    expect(await join_('agent').call({ topic: 't' }, 'hi', {}, context)).toBe('hi');
  });

  test('a second server at the same path is refused, and the first keeps working', async () => {
    const bus = await serve();
    await bus.transport.listen('t', 's', [{ version: '1.0', methods: { hi: async () => 'hi' } }]);
    await expect(serveLocalBus({ socketPath })).rejects.toThrow('another server serves it');
    expect(await join_('agent').call({ topic: 't' }, 'hi', {}, context)).toBe('hi');
  });

  test('refused: a file in the way, a folder anybody may write to, no folder, a path too long', async () => {
    writeFileSync(socketPath, 'precious');
    await expect(serveLocalBus({ socketPath })).rejects.toThrow('something that is no socket is there');
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await expect(serveLocalBus({ socketPath: join(open, 'b') })).rejects.toThrow('anybody may write');
    await expect(serveLocalBus({ socketPath: join(folder, 'none', 'b') })).rejects.toThrow('cannot be read');
    await expect(serveLocalBus({ socketPath: join(folder, 'x'.repeat(110)) })).rejects.toThrow('shorter state folder');
  });

  test('root may serve in a folder of the service’s user, as packages make it', async () => {
    expect(process.getuid?.(), 'run the tests as root').toBe(0);
    const own = join(folder, 'neutron');
    mkdirSync(own, { mode: 0o750 });
    chownSync(own, 65_534, 65_534);
    const bus = await serveLocalBus({ socketPath: join(own, 'bus.sock') });
    opened.push(bus);
    expect(statSync(join(own, 'bus.sock')).uid).toBe(0);
  });

  test('an agent that starts before the server finds it, without a reconnect being told', async () => {
    const agent = join_('agent');
    let back = 0;
    agent.onReconnect(() => {
      back += 1;
    });
    const answer = agent.call({ topic: 't' }, 'hi', {}, context, { timeoutMs: 10_000 });
    const bus = await serve();
    await bus.transport.listen('t', 's', [{ version: '1.0', methods: { hi: async () => 'hi' } }]);
    expect(await answer).toBe('hi');
    expect(back).toBe(0);
  });

  test('a call made just before the server serves the topic is kept for it', async () => {
    const bus = await serve();
    const agent = join_('agent');
    await agent.listen('agent', 'h', []);
    const answer = agent.call({ topic: 't' }, 'hi', {}, context);
    await bus.transport.cast({ topic: 'agent' }, 'pass', {}, context);
    await bus.transport.listen('t', 's', [{ version: '1.0', methods: { hi: async () => 'hi' } }]);
    expect(await answer).toBe('hi');
  });

  test('a caller hears at once that the program which took its call is gone, or that there is none', async () => {
    const bus = await serve();
    const agent = connectLocalBus({ socketPath, program: 'agent' });
    const asked = Promise.withResolvers<void>();
    const never = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    await agent.listen('t', 'h', [{ version: '1.0', methods: { never } }]);
    const call = bus.transport.call({ topic: 't', server: 'h' }, 'never', {}, context);
    const failed = expect(call).rejects.toThrow('agent went away before it answered');
    await asked.promise;
    await agent.close();
    await failed;
    await eventually(() =>
      expect(bus.transport.call({ topic: 't', server: 'h' }, 'never', {}, context)).rejects.toThrow(
        'nobody listens on t.h',
      ),
    );
  });

  test('a program that does not read is cut off; the others go on', async () => {
    const bus = await serve({ maxQueuedBytes: 100_000 });
    const deaf = await rawConnection(socketPath);
    deaf.write(hello('reply_deaf'));
    deaf.write(encodeFrame({ op: 'listen', id: 1, topic: 't', server: 'deaf' }));
    deaf.pause();
    const got: number[] = [];
    await join_('reader').listen('t', 'reader', [
      {
        version: '1.0',
        methods: {
          note: async ({ i }) => {
            got.push(i);
          },
        },
      },
    ]);
    const text = 'x'.repeat(50_000);
    for (let i = 0; i < 40; i++) {
      await bus.transport.cast({ topic: 't', fanout: true }, 'note', { i, text }, context);
      await eventually(() => expect(got).toHaveLength(i + 1), { interval: 1 });
    }
    deaf.resume();
    await eventually(() => expect(deaf.closed).toBe(true));
  });

  test.each([
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a frame before hello', encodeFrame({ op: 'listen', id: 1, topic: 't', server: 's' })],
    ['another protocol', encodeFrame({ op: 'hello', protocol: 2, program: 'p', pid: 1, replyQueue: 'r' })],
    ['no JSON', Buffer.from([0, 0, 0, 3, 0, 1, 0x7b])],
    ['a header past the end', Buffer.from([0, 0, 0, 3, 9, 9, 0x7b])],
    ['an enormous length', Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ])('a connection that sends %s is closed, the bus lives', async (_, bytes) => {
    const bus = await serve();
    const odd = await rawConnection(socketPath);
    odd.resume();
    odd.write(bytes);
    await eventually(() => expect(odd.closed).toBe(true));
    await bus.transport.listen('t', 's', [{ version: '1.0', methods: { hi: async () => 'hi' } }]);
    expect(await join_('agent').call({ topic: 't' }, 'hi', {}, context)).toBe('hi');
  });

  test('a message that is no JSON is dropped, the listener lives', async () => {
    const bus = await serve();
    await bus.transport.listen('t', 's', [{ version: '1.0', methods: { hi: async () => 'hi' } }]);
    const odd = await rawConnection(socketPath);
    odd.write(hello('reply_odd'));
    odd.write(encodeFrame({ op: 'publish', topic: 't' }, Buffer.from([0xff, 0xfe, 0x00])));
    expect(await join_('agent').call({ topic: 't' }, 'hi', {}, context)).toBe('hi');
    odd.destroy();
  });

  test('the server and agents share one bus: both directions, without a socket for the server', async () => {
    const bus = await serve();
    const agent = join_('agent');
    await agent.listen('agent', 'h', [{ version: '1.0', methods: { who: async () => 'agent' } }]);
    await bus.transport.listen('server', 's', [{ version: '1.0', methods: { who: async () => 'server' } }]);
    expect(await bus.transport.call({ topic: 'agent', server: 'h' }, 'who', {}, context)).toBe('agent');
    expect(await agent.call({ topic: 'server' }, 'who', {}, context)).toBe('server');
    expect(await bus.transport.call({ topic: 'server' }, 'who', {}, context)).toBe('server');
    await bus.transport.close();
    await expect(agent.call({ topic: 'server', server: 's' }, 'who', {}, context)).rejects.toThrow(MessagingTimeout);
  });
});

function rawConnection(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.on('error', reject);
  });
}
