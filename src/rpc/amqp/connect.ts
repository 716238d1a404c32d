import { type Logger, silentLogger } from '../../lib/log.ts';
import { RpcPeer } from '../peer.ts';
import type { Transport } from '../transport.ts';
import { AmqpLink } from './link.ts';
import type { AmqpSettings } from './options.ts';
import type { BrokerUrl } from './url.ts';

export interface AmqpOptions {
  readonly url: BrokerUrl;
  readonly settings: AmqpSettings;
  /** Who connects, as `rabbitmqctl list_connections` shows it: `neutron-dhcp-agent`. */
  readonly program: string;
  readonly logger?: Logger;
}

/** A transport over RabbitMQ: the messages, exchanges and queues of oslo.messaging, so that Python programs are peers. */
export function connectAmqp({ logger = silentLogger, ...parts }: AmqpOptions): Transport {
  return new RpcPeer((events) => new AmqpLink({ ...parts, logger }, events), logger);
}
