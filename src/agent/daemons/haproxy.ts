import { join } from 'node:path';
import type { DaemonSpec } from '../../linux/daemon.ts';
import { isPrintable } from '../dhcp/dnsmasq-text.ts';
import type { KeptDaemon } from './kept.ts';
import { type MetadataRate, rateLimitOf } from './metadata-rate.ts';

/** Whose guests a metadata proxy serves. */
export interface ProxyOwner {
  kind: 'Network' | 'Router';
  id: string;
}

export interface ProxyPlace {
  /** `$state_path`, below which the configuration lies. */
  statePath: string;
  pidFolder: string;
  /** The metadata agent's unix socket. */
  socket: string;
  /** What is listened to, in haproxy's words: `169.254.169.254:80`, `:::9697 v4v6`. */
  binds: readonly string[];
  /** How often a guest may ask; null or left out: as often as it likes. */
  rate?: MetadataRate | null;
}

/** Below `$state_path`. */
export const PROXY_FOLDER = 'ns-metadata-proxy';

/** haproxy of one network or router: its configuration, and how it is run; not `wanted`, it is ended. */
export function metadataProxy(owner: ProxyOwner, netns: string, place: ProxyPlace, wanted: boolean): KeptDaemon {
  const daemon = proxyDaemon(owner.id, netns, place);
  const text = wanted ? renderProxyConfig(owner, place, daemon.pidFile) : '';
  return { spec: daemon, files: [{ path: daemon.mark, text }], isWanted: wanted, onChange: 'restart' };
}

/** The process alone: enough to end it when what it served is gone. */
export function proxyDaemon(id: string, netns: string, place: Pick<ProxyPlace, 'statePath' | 'pidFolder'>): DaemonSpec {
  const configFile = join(place.statePath, PROXY_FOLDER, `${id}.conf`);
  return {
    argv: ['haproxy', '-f', configFile],
    pidFile: join(place.pidFolder, `${id}.pid`),
    mark: configFile,
    netns,
    env: { PROCESS_TAG: `haproxy-${id}` },
    logFile: join(place.statePath, PROXY_FOLDER, `${id}.log`),
  };
}

/**
 * The guest's address reaches the metadata agent as X-Forwarded-For, the network (or router) as a header that the guest
 * cannot set itself; the other one's header is removed, lest a guest claims to be elsewhere.
 */
function renderProxyConfig({ kind, id }: ProxyOwner, place: ProxyPlace, pidFile: string): string {
  const { tables, rules } = rateLimitOf(place.rate ?? null);
  const lines = [
    'global',
    '    log /dev/log local0 info',
    `    log-tag haproxy-metadata-proxy-${word(id)}`,
    '    user root',
    '    group root',
    '    maxconn 1024',
    '    nbthread 2',
    `    pidfile ${word(pidFile)}`,
    '    daemon',
    '',
    'defaults',
    '    log global',
    '    mode http',
    '    option httplog',
    '    option dontlognull',
    '    option http-server-close',
    '    option forwardfor',
    '    retries 3',
    '    timeout http-request 30s',
    '    timeout connect 30s',
    '    timeout client 32s',
    '    timeout server 32s',
    '    timeout http-keep-alive 30s',
    '',
    ...tables,
    'listen listener',
    ...place.binds.map((bind) => `    bind ${bind.split(' ').map(word).join(' ')}`),
    ...rules,
    `    server metadata ${word(place.socket)}`,
    `    http-request del-header X-Neutron-${kind === 'Network' ? 'Router' : 'Network'}-ID`,
    `    http-request set-header X-Neutron-${kind}-ID ${word(id)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A value as one word of an haproxy line. @throws Error on control characters, which no quoting makes harmless */
function word(text: string): string {
  if (!isPrintable(text)) throw new Error(`not fit for an haproxy configuration: ${JSON.stringify(text)}`);
  return text.replace(/[\s\\"'#]/g, '\\$&');
}
