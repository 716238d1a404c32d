import { setTimeout as delay } from 'node:timers/promises';
import { MessagingTimeout, type Transport } from './transport.ts';

export interface BackOff {
  /** `rpc_response_timeout`: what a method is given first. */
  readonly firstMs: number;
  /** `rpc_response_max_timeout`: what it is given at most. */
  readonly mostMs: number;
  /** In [0, 1); tests bring their own dice. */
  readonly random?: () => number;
}

/**
 * A transport whose calls give a server that is too busy more time (upstream: neutron_lib/rpc.py): after a call that was not
 * answered in time the method's time doubles, and the failure is told only after a random part of it, so that a hundred
 * agents do not ask again at the same moment. One answer brings it back. Calls that bring their own time are left alone.
 */
export function backingOff(transport: Transport, { firstMs, mostMs, random = Math.random }: BackOff): Transport {
  const times = new Map<string, number>();
  const call: Transport['call'] = async (target, method, args, context, options = {}) => {
    if (options.timeoutMs !== undefined) return transport.call(target, method, args, context, options);
    const timeoutMs = times.get(method) ?? firstMs;
    const startedMs = performance.now();
    try {
      const answer = await transport.call(target, method, args, context, { timeoutMs });
      times.delete(method);
      return answer;
    } catch (error) {
      // Without a connection it failed sooner, and says nothing about how busy the server is.
      if (!(error instanceof MessagingTimeout) || performance.now() - startedMs < timeoutMs) throw error;
      times.set(method, Math.min(timeoutMs * 2, mostMs));
      await delay(random() * timeoutMs);
      throw error;
    }
  };
  return new Proxy(transport, {
    get: (of, name) => {
      if (name === 'call') return call;
      const value = Reflect.get(of, name, of) as unknown;
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}
