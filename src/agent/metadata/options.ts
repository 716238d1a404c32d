import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** Options of `metadata_agent.ini`, as upstream's, and `metadata_source`, which is ours. */
export const metadataOptions = declareOptions('DEFAULT', {
  metadata_source: option.string({
    default: 'auto',
    choices: ['auto', 'nova', 'builtin'],
    help: 'who answers guests: nova, or this agent itself (builtin); auto: nova where its address or the shared secret is set',
  }),
  nova_metadata_host: option.string({
    default: '127.0.0.1',
    help: "address or name of Nova's metadata service",
    deprecated: [{ name: 'nova_metadata_ip' }],
    check: (host) => (/^[\w.:[\]-]+$/.test(host) ? null : 'is no address or host name'),
  }),
  nova_metadata_port: option.int({ default: 8775, min: 1, max: 65_535, help: "port of Nova's metadata service" }),
  nova_metadata_protocol: option.string({
    default: 'http',
    choices: ['http', 'https'],
    help: "protocol of Nova's metadata service",
  }),
  nova_metadata_insecure: option.bool({ default: false, help: "accept any certificate of Nova's metadata service" }),
  auth_ca_cert: option.maybe({ help: 'file of the certificate authority that signed the certificate of Nova' }),
  nova_client_cert: option.string({ default: '', help: 'file of the certificate shown to Nova' }),
  nova_client_priv_key: option.string({ default: '', help: 'file of the private key of that certificate' }),
  metadata_proxy_shared_secret: option.string({
    default: '',
    secret: true,
    help: 'secret shared with Nova, which signs the instance id of every request',
  }),
  metadata_proxy_socket: option.string({
    default: '$state_path/metadata_proxy',
    help: 'unix socket that the proxies of networks and routers send requests to',
    check: (path) => (path.startsWith('/') ? null : 'must be an absolute path'),
  }),
  metadata_proxy_socket_mode: option.string({
    default: 'deduce',
    choices: ['deduce', 'user', 'group', 'all'],
    help: 'who may write to the socket: its user (0644), its group (0664) or all (0666); deduce: from metadata_proxy_user and _group',
  }),
  metadata_proxy_user: option.string({
    default: '',
    help: 'user (id or name) the proxies run as; empty: as the agent',
  }),
  metadata_proxy_group: option.string({
    default: '',
    help: 'group (id or name) the proxies run as; empty: as the agent',
  }),
  metadata_workers: option.maybeInt({ min: 0, help: 'read for compatibility; one process serves all' }),
  metadata_backlog: option.int({ default: 4096, min: 1, help: 'connections that may wait at the socket' }),
});

/** Options of `[agent]` that this agent reads. */
export const metadataAgentOptions = declareOptions('agent', {
  report_interval: option.float({ default: 30, min: 0.1, help: 'seconds between two state reports' }),
  log_agent_heartbeats: option.bool({ default: false, help: 'let the server log this agent’s reports' }),
});

export type MetadataOptions = OptionValues<typeof metadataOptions>;
export type MetadataAgentOptions = OptionValues<typeof metadataAgentOptions>;

/** Whether requests go to Nova. */
export function usesNova(options: MetadataOptions): boolean {
  if (options.metadata_source !== 'auto') return options.metadata_source === 'nova';
  const { default: defaultHost } = metadataOptions.options.nova_metadata_host;
  return options.metadata_proxy_shared_secret !== '' || options.nova_metadata_host !== defaultHost;
}

/** File mode of the socket. */
export function socketMode(options: MetadataOptions): number {
  const modes = { user: 0o644, group: 0o664, all: 0o666 } as const;
  const wanted = options.metadata_proxy_socket_mode;
  if (wanted !== 'deduce') return modes[wanted as keyof typeof modes];
  const { metadata_proxy_user: user, metadata_proxy_group: group } = options;
  if (user === '' || user === 'root' || user === '0') return modes.user;
  return group === '' ? modes.all : modes.group;
}
