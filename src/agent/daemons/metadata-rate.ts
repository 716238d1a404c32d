import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** How often a guest may ask for metadata (upstream: conf/agent/metadata/config.py). */
export const metadataRateOptions = declareOptions('metadata_rate_limiting', {
  rate_limit_enabled: option.bool({ default: false, help: 'refuse (429) guests that ask for metadata too often' }),
  ip_versions: option.list({
    default: ['4'],
    help: 'whose requests are counted: 4, 6, or both',
    check: (versions) =>
      versions.length > 0 && versions.every((one) => one === '4' || one === '6') ? null : 'must be 4, 6 or both',
  }),
  base_window_duration: option.int({ default: 10, min: 1, help: 'seconds of the base window' }),
  base_query_rate_limit: option.int({ default: 10, min: 1, help: 'requests of one guest in the base window' }),
  burst_window_duration: option.int({ default: 10, min: 1, help: 'seconds of the burst window' }),
  burst_query_rate_limit: option.int({ default: 10, min: 1, help: 'requests of one guest in the burst window' }),
});
export type MetadataRate = OptionValues<typeof metadataRateOptions>;

/** Guests of one network or router that are remembered. */
const GUESTS = '10k';

/** What haproxy counts guests by, and refuses them with: parts of its configuration, empty where nothing is limited. */
export interface RateLimit {
  /** Before the section that listens. */
  readonly tables: readonly string[];
  /** Within it, before what a request is answered with. */
  readonly rules: readonly string[];
}

/** haproxy keeps one kind of address in a table; that of IPv6 holds those of IPv4, too. */
export function rateLimitOf(rate: MetadataRate | null): RateLimit {
  if (!rate?.rate_limit_enabled) return { tables: [], rules: [] };
  const type = rate.ip_versions.includes('6') ? 'ipv6' : 'ip';
  const windows = [
    { name: 'base_rate_limiter', seconds: rate.base_window_duration, most: rate.base_query_rate_limit },
    { name: 'burst_rate_limiter', seconds: rate.burst_window_duration, most: rate.burst_query_rate_limit },
  ];
  const expire = Math.max(...windows.map(({ seconds }) => seconds));
  return {
    tables: windows.flatMap(({ name, seconds }) => [
      `backend ${name}`,
      `    stick-table type ${type} size ${GUESTS} expire ${expire}s store http_req_rate(${seconds}s)`,
      '',
    ]),
    rules: [
      ...windows.map(({ name }, index) => `    http-request track-sc${index} src table ${name}`),
      ...windows.map(
        ({ name, most }, index) =>
          `    http-request deny deny_status 429 if { sc_http_req_rate(${index},${name}) gt ${most} }`,
      ),
    ],
  };
}
