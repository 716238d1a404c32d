import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fanoutExchange, topicExchange } from '../../src/rpc/amqp/topology.ts';
import { unwrap } from '../../src/rpc/envelope.ts';
import type { SharedWire } from './shared-wire.ts';

const CAPTURES = fileURLToPath(new URL('../../test/data/rpc-captures/', import.meta.url));
/** A port is made with a host, then its tap appears there. */
const SCENARIOS = ['08-port-create-bound-host1', '09-tap-appears-wire-host1'];

/** How many messages a server published, by what they are: `push by fan-out`, `reply to update_device_up`. */
export type Messages = Record<string, number>;

interface Captured {
  exchange: string;
  routing_keys: string[];
  oslo_message: { method?: string; _msg_id?: string };
}

function capturedMessages(scenario: string): Captured[] {
  return JSON.parse(readFileSync(join(CAPTURES, `${scenario}.json`), 'utf8')).messages;
}

/** What the real server published for one port, as recorded. */
export function recordedMessages(): Messages {
  const messages: Messages = {};
  for (const scenario of SCENARIOS) {
    const asked = new Map<string, string>();
    for (const { exchange, routing_keys, oslo_message } of capturedMessages(scenario)) {
      const { method, _msg_id } = oslo_message;
      if (method !== undefined && _msg_id !== undefined) asked.set(_msg_id, method);
      const kind =
        method === undefined ? replyTo(asked.get(_msg_id ?? '')) : published(exchange, routing_keys[0]!, method);
      if (kind !== null) messages[kind] = (messages[kind] ?? 0) + 1;
    }
  }
  return messages;
}

/**
 * Deliveries of these to agents, were there so many of them: what was said to one host is read once, a fan-out by every bridge
 * agent. Objects are pushed to whoever listens to them, and no bridge agent does.
 */
export function deliveriesAmong(agents: number, messages: Messages): number {
  return Object.entries(messages).reduce((total, [kind, count]) => {
    if (kind.startsWith('reply ') || kind.startsWith('push ')) return total;
    return total + count * (kind.endsWith('by fan-out') ? agents : 1);
  }, 0);
}

/** Nobody's port: heartbeats, and what servers tell each other, which is not answered. */
const notPerPort = ['report_state', 'news', 'looking_on'];

/** A reply whose question came before the recording is one to a heartbeat. */
function replyTo(method: string | undefined): string | null {
  return method === undefined || notPerPort.includes(method) ? null : `reply to ${method}`;
}

/** Null for what agents say. */
function published(exchange: string, key: string, method: string): string | null {
  if (exchange.endsWith('_fanout')) return `${method} by fan-out`;
  return /^q-(plugin|reports-plugin|l3-plugin)(\.|$)/.test(key) ? null : `${method} to one host`;
}

/** Topics that anybody was ever seen to publish on by fan-out. */
function fanoutTopics(): Set<string> {
  const scenarios = readdirSync(CAPTURES).filter((name) => /^\d\d-.*\.json$/.test(name));
  const exchanges = scenarios.flatMap((name) =>
    capturedMessages(name.replace(/\.json$/, '')).map(({ exchange }) => exchange),
  );
  return new Set(exchanges.filter((name) => name.endsWith('_fanout')).map((name) => name.slice(0, -'_fanout'.length)));
}

/** Reads a copy of every message that is published, but for replies: those have no exchange to listen at. */
export async function openSpy(wire: SharedWire): Promise<{ readonly messages: Messages; close(): Promise<void> }> {
  const messages: Messages = {};
  const channel = await wire.consuming.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
  const requests = topicExchange(wire.settings);
  await channel.assertExchange(requests.name, requests.type, requests.options);
  await channel.bindQueue(queue, requests.name, '#');
  for (const topic of fanoutTopics()) {
    const { name, type, options } = fanoutExchange(topic);
    await channel.assertExchange(name, type, options);
    await channel.bindQueue(queue, name, '');
  }
  const read = (message: { content: Buffer; fields: { exchange: string; routingKey: string } } | null) => {
    if (message === null) return;
    const { exchange, routingKey } = message.fields;
    const { method } = JSON.parse(unwrap(message.content.toString())) as { method: string };
    const kind = published(exchange, routingKey, method);
    if (kind !== null) messages[kind] = (messages[kind] ?? 0) + 1;
  };
  await channel.consume(queue, read, { noAck: true });
  return { messages, close: () => channel.close() };
}

/** A figure of `/metrics` by one label: `neutrino_rpc_served_total` by `method`. */
export async function figuresBy(url: string, name: string, label: string): Promise<Map<string, number>> {
  const text = await (await fetch(url)).text();
  const found = new Map<string, number>();
  for (const [, labels, value] of text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))) {
    const key = new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels!)?.[1] ?? '';
    found.set(key, (found.get(key) ?? 0) + Number(value));
  }
  return found;
}

/** Replies between two looks at `neutrino_rpc_served_total`: one to each call that was served. */
export function repliesBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Messages {
  return Object.fromEntries(
    [...after]
      .map(([method, count]) => [replyTo(method), count - (before.get(method) ?? 0)] as const)
      .filter((pair): pair is [string, number] => pair[0] !== null && pair[1] > 0),
  );
}
