import { hostname } from 'node:os';
import { declareOptions, option } from '../../lib/options.ts';

/** What every program needs to know: where its state lies, what this host is called, how the others are reached. */
export const commonOptions = declareOptions('DEFAULT', {
  state_path: option.string({
    default: '/var/lib/neutron',
    help: 'folder of files that must outlive a restart',
    check: absolutePath,
  }),
  host: option.string({
    default: hostname(),
    help: 'name of this host as agents report it; must be the one Nova uses',
    check: (name) =>
      /^[\x21-\x7e]{1,255}$/.test(name) ? null : 'must be 1 to 255 printable characters without blanks',
  }),
  transport_url: option.string({
    // Upstream's default is a RabbitMQ on localhost; ours needs no broker. See docs/configuration.md.
    default: 'local://$state_path/bus.sock',
    secret: 'url',
    help: 'message queue: local://<socket path>, or rabbit://user:password@host:port/vhost',
    check: (url) =>
      /^[a-z+]+:\/\//.test(url)
        ? null
        : 'is no URL; write local:///path/of/a/socket or rabbit://user:password@host:5672/',
  }),
  rpc_response_timeout: option.int({ default: 60, min: 1, help: 'seconds a call waits for its answer' }),
  rpc_response_max_timeout: option.int({
    default: 600,
    min: 1,
    help: 'seconds that an agent gives a call at most after calls that were not answered in time',
  }),
  control_exchange: option.string({ default: 'neutron', help: 'exchange of the queue that topics live in' }),
});

/** Folder of the locks that keep two programs of one host from changing the same thing at once. */
export const concurrencyOptions = declareOptions('oslo_concurrency', {
  lock_path: option.string({
    default: '$state_path/lock',
    help: 'folder of lock files, made when it is missing',
    deprecated: [{ section: 'DEFAULT', name: 'lock_path' }],
    check: absolutePath,
  }),
});

/** A relative path would mean another folder for each working directory. */
export function absolutePath(path: string): string | null {
  return path.startsWith('/') ? null : 'must be an absolute path';
}
