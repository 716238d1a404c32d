import { declareOptions, type OptionValues, option } from '../lib/options.ts';

/** `neutron.conf`, what the API reads of it (upstream: neutron/conf/common.py, neutron/conf/wsgi.py). */
export const apiOptions = declareOptions('DEFAULT', {
  bind_host: option.string({ default: '0.0.0.0', help: 'address the API listens on' }),
  bind_port: option.int({ default: 9696, min: 0, max: 65_535, help: 'port the API listens on; 0 picks a free one' }),
  backlog: option.int({ default: 4096, min: 1, help: 'connections the kernel may hold for us' }),
  client_socket_timeout: option.int({ default: 900, min: 0, help: 'seconds an idle connection is kept; 0 for ever' }),
  pagination_max_limit: option.string({
    default: '-1',
    help: 'most items one page may have; -1 or infinite sets no limit',
    check: (value) => (/^(infinite|-?\d{1,9})$/.test(value) ? null : 'must be a whole number or infinite'),
  }),
  allow_bulk: option.bool({ default: true, help: 'whether one POST may create several resources' }),
  network_link_prefix: option.string({
    default: '',
    help: 'base URL of links, where clients reach the API by another address',
    check: (value) => (value === '' || URL.canParse(value) ? null : 'must be a URL'),
  }),
  filter_validation: option.bool({ default: true, help: 'whether filters by unknown attributes are refused' }),
});
export type ApiOptions = OptionValues<typeof apiOptions>;

/** Limits upstream leaves to oslo.middleware; ours is larger, so that bulk requests fit, and always on. */
export const bodyOptions = declareOptions('oslo_middleware', {
  max_request_body_size: option.int({
    default: 1_048_576,
    min: 1024,
    max: 8_388_608,
    help: 'largest request body in bytes; reading one holds every other request up, about 10 ms a megabyte',
  }),
});
export type BodyOptions = OptionValues<typeof bodyOptions>;

/** The first three are oslo.middleware's. */
export const healthOptions = declareOptions('healthcheck', {
  disable_by_file_path: option.string({
    default: '/etc/neutron/healthcheck_disable',
    help: 'while this file exists, /healthcheck answers 503',
  }),
  disable_by_file_paths: option.list({
    default: [],
    help: 'the same for requests to one port: port:path, …',
    check: (entries) => (entries.every((entry) => /^\d+:./.test(entry)) ? null : 'must be a list of port:path'),
  }),
  detailed: option.bool({ default: false, help: 'tell what each check found, whether ?detailed was asked for or not' }),
  database_timeout: option.int({ default: 2, min: 1, help: 'seconds an answer of the database may take' }),
  queue_timeout: option.int({ default: 30, min: 0, help: 'seconds the queue may be away' }),
});
export type HealthOptions = OptionValues<typeof healthOptions>;

/** The largest page, or null for no limit. */
export function pageLimit({ pagination_max_limit: text }: ApiOptions): number | null {
  const limit = Number(text);
  return limit > 0 ? limit : null;
}
