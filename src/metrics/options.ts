import { declareOptions, option } from '../lib/options.ts';

/** Ours: upstream has no figures. */
export const metricsOptions = declareOptions('metrics', {
  listen: option.maybe({
    help: 'host:port where Prometheus may ask for figures, or a port of loopback; no figures when not given',
    check: (value) =>
      value === null || parseListen(value) !== null ? null : 'must be a port, host:port or [host]:port',
  }),
});

/** Where to listen; a port alone is loopback's. Null when it is no such thing. */
export function parseListen(text: string): { host: string; port: number } | null {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:[\]\s/@]+):)?(\d{1,5})$/i.exec(text.trim());
  if (match === null) return null;
  const port = Number(match[2]);
  return port > 65_535 ? null : { host: (match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port };
}
