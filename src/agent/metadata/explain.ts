import type { ExplainStep, WirePort } from '../../rpc/contract.ts';
import type { LastRequest } from './recent.ts';

export interface MetadataFacts {
  socketPath: string;
  isListening: boolean;
  /** `http://127.0.0.1:8775`, or null where the agent answers itself. */
  nova: string | null;
  last: LastRequest | null;
  nowMs: number;
}

/** The metadata step of a port's explanation: does the agent answer this guest, and what did it last answer? */
export function explainMetadata(port: WirePort, facts: MetadataFacts): ExplainStep {
  const source = facts.nova ? `forwarded to Nova at ${facts.nova}` : 'answered by the metadata agent';
  const addresses = port.fixed_ips.map(({ ip_address }) => ip_address).join(', ') || 'no address';
  const expected = `requests from ${addresses} ${source}, as instance ${port.device_id || port.id}`;
  const base = { step: 'metadata', expected };
  if (!facts.isListening) {
    const found = `nobody listens at ${facts.socketPath}`;
    return { ...base, state: 'fault', found, remedy: 'restart neutron-metadata-agent' };
  }
  if (facts.nova && !port.device_id) {
    const remedy = 'set device_id to the id of the Nova instance, as Nova does when it plugs the port';
    return { ...base, state: 'fault', found: 'the port has no device_id, so Nova cannot be asked', remedy };
  }
  const { last } = facts;
  if (!last) return { ...base, state: 'ok', found: `listens at ${facts.socketPath}; this port has not asked yet` };
  const ago = Math.max(0, Math.round((facts.nowMs - last.atMs) / 1000));
  const found = `last request ${ago} s ago: ${last.method} ${last.url.slice(0, 200)} → ${last.status}`;
  if (last.status < 500) return { ...base, state: 'ok', found };
  const remedy = facts.nova
    ? `check that Nova's metadata service runs at ${facts.nova} and has the same metadata_proxy_shared_secret`
    : 'see the log of neutron-metadata-agent';
  return { ...base, state: 'fault', found, remedy };
}
