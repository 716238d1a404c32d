import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { Broker, type BrokerPlace, RabbitMq } from './rabbitmq.ts';

/** Where the run's broker is asked for. */
const VARIABLE = 'NEUTRINO_TEST_RABBIT';
/** For all files of a run together. */
const VHOSTS = 72;

/**
 * The broker that all files of a run share, with so many vhosts that no other file has. Whoever is the first to ask waits for
 * its start. What kills or fills a broker wants one of its own.
 */
export async function sharedRabbit(vhosts: number): Promise<Broker> {
  const path = process.env[VARIABLE];
  if (path === undefined) throw new Error(`${VARIABLE} is not set: the set-up of this project is not shared-rabbit.ts`);
  const socket = connect(path);
  socket.end(String(vhosts));
  const answer = (await json(socket)) as BrokerPlace | { error: string };
  if ('error' in answer) throw new Error(`no RabbitMQ: ${answer.error}`);
  return new Broker(answer);
}

/** Vitest's set-up of a project whose files share a broker: it is started when the first of them asks, and goes with the run. */
export default async function offerRabbit(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-rabbits-'));
  let started: Promise<RabbitMq> | null = null;
  const answer = async (socket: Socket): Promise<BrokerPlace> => {
    const asked = (await socket.setEncoding('utf8').toArray()).join('');
    started ??= RabbitMq.start({ vhosts: VHOSTS });
    const rabbit = await started;
    const { port, tlsPort, environment } = rabbit;
    return { port, tlsPort, environment, vhosts: rabbit.takeVhosts(Number(asked)) };
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void answer(socket)
      .catch((error: Error) => ({ error: error.message }))
      .then((found) => socket.end(JSON.stringify(found)));
  });
  server.listen(join(folder, 'socket'));
  await once(server, 'listening');
  process.env[VARIABLE] = join(folder, 'socket');
  return async () => {
    delete process.env[VARIABLE];
    server.close();
    await (await started?.catch(() => null))?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
}
