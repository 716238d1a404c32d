import { expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { metadataProxy } from './haproxy.ts';
import { metadataRateOptions } from './metadata-rate.ts';

const network = { kind: 'Network', id: 'aaaaaaaa-0000-4000-8000-000000000001' } as const;
const router = { kind: 'Router', id: 'bbbbbbbb-0000-4000-8000-000000000001' } as const;
const place = {
  statePath: '/s',
  pidFolder: '/s/external/pids',
  socket: '/s/metadata_proxy',
  binds: ['169.254.169.254:80', 'fe80::a9fe:a9fe:80 interface ns-dddddddd-00'],
};

test('the whole configuration', () => {
  const proxy = metadataProxy(network, `qdhcp-${network.id}`, place, true);
  const [file] = proxy.files;
  expect(file!.path).toBe(`/s/ns-metadata-proxy/${network.id}.conf`);
  expect(proxy.spec.argv).toEqual(['haproxy', '-f', file!.path]);
  expect(proxy.spec.pidFile).toBe(`/s/external/pids/${network.id}.pid`);
  expect(file!.text).toBe(`global
    log /dev/log local0 info
    log-tag haproxy-metadata-proxy-${network.id}
    user root
    group root
    maxconn 1024
    nbthread 2
    pidfile /s/external/pids/${network.id}.pid
    daemon

defaults
    log global
    mode http
    option httplog
    option dontlognull
    option http-server-close
    option forwardfor
    retries 3
    timeout http-request 30s
    timeout connect 30s
    timeout client 32s
    timeout server 32s
    timeout http-keep-alive 30s

listen listener
    bind 169.254.169.254:80
    bind fe80::a9fe:a9fe:80 interface ns-dddddddd-00
    server metadata /s/metadata_proxy
    http-request del-header X-Neutron-Router-ID
    http-request set-header X-Neutron-Network-ID ${network.id}
`);
});

test('a path stays one word; control characters are refused', () => {
  const config = (socket: string) => metadataProxy(network, 'qdhcp', { ...place, socket }, true).files[0]!.text;
  expect(config('/my state/#1/"x"')).toContain('    server metadata /my\\ state/\\#1/\\"x\\"\n');
  expect(() => config('/a\n    bind :1')).toThrow(/not fit/);
});

test('of a router: its id is what guests cannot set, the id of a network is removed', () => {
  const proxy = metadataProxy(router, `qrouter-${router.id}`, { ...place, binds: [':::9697 v4v6'] }, true);
  expect(proxy.files[0]!.text).toContain(`    bind :::9697 v4v6
    server metadata /s/metadata_proxy
    http-request del-header X-Neutron-Network-ID
    http-request set-header X-Neutron-Router-ID ${router.id}
`);
  expect(metadataProxy(router, 'qrouter', place, false)).toMatchObject({ isWanted: false, onChange: 'restart' });
});

test('guests that ask too often are refused where that is asked for', () => {
  const rate = { ...defaultValues(metadataRateOptions), rate_limit_enabled: true, burst_window_duration: 60 };
  const text = (more: Partial<typeof rate> = {}) =>
    metadataProxy(router, 'qrouter', { ...place, rate: { ...rate, ...more } }, true).files[0]!.text;
  expect(text()).toContain(`
backend base_rate_limiter
    stick-table type ip size 10k expire 60s store http_req_rate(10s)

backend burst_rate_limiter
    stick-table type ip size 10k expire 60s store http_req_rate(60s)

listen listener
    bind 169.254.169.254:80
    bind fe80::a9fe:a9fe:80 interface ns-dddddddd-00
    http-request track-sc0 src table base_rate_limiter
    http-request track-sc1 src table burst_rate_limiter
    http-request deny deny_status 429 if { sc_http_req_rate(0,base_rate_limiter) gt 10 }
    http-request deny deny_status 429 if { sc_http_req_rate(1,burst_rate_limiter) gt 10 }
    server metadata /s/metadata_proxy
`);
  expect(text({ ip_versions: ['4', '6'] })).toContain('stick-table type ipv6 ');
  expect(text({ rate_limit_enabled: false })).not.toContain('rate');
});
