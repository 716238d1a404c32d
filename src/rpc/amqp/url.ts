/** One broker of a cluster. */
export interface BrokerHost {
  readonly host: string;
  readonly port: number | null;
  readonly user: string;
  readonly password: string;
}

/** An oslo.messaging transport URL, read. */
export interface BrokerUrl {
  /** In the order given: tried one after the other. */
  readonly hosts: readonly BrokerHost[];
  readonly vhost: string;
  readonly query: Readonly<Record<string, string>>;
}

/** The URL cannot be used; the message is one line without the URL, which holds a password. */
export class BrokerUrlError extends Error {
  constructor(why: string) {
    super(`transport_url ${why}; write rabbit://user:password@host:5672/vhost, several hosts with commas between`);
    this.name = 'BrokerUrlError';
  }
}

const HOST = /^(?:([^:@]*)(?::([^@]*))?@)?(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/;

/**
 * Reads `rabbit://user:password@host1:5672,user:password@host2:5672/vhost?ssl=1`. No path, or `/` alone, is the vhost `/`; a
 * second slash begins its name. Hosts without a user have the first one's.
 *
 * @throws BrokerUrlError
 */
export function parseBrokerUrl(url: string): BrokerUrl {
  const match = /^(?:rabbit|kombu|amqp):\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url);
  if (match === null) throw new BrokerUrlError('is no rabbit:// URL');
  const [, places = '', path = '', query = ''] = match;
  const hosts: BrokerHost[] = [];
  for (const place of places.split(',')) {
    const parts = HOST.exec(place.trim());
    if (parts === null) throw new BrokerUrlError('names a host that cannot be read');
    const [, user, password, host = '', port] = parts;
    const first = hosts[0];
    hosts.push({
      host: host.replace(/^\[(.*)\]$/, '$1'),
      port: port === undefined ? null : Number(port),
      user: user === undefined ? (first?.user ?? 'guest') : decode(user),
      password: user === undefined ? (first?.password ?? 'guest') : decode(password ?? ''),
    });
  }
  const vhost = decode(path);
  return { hosts, vhost: vhost === '' ? '/' : vhost, query: Object.fromEntries(new URLSearchParams(query)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BrokerUrlError('has a % that begins no code');
  }
}
