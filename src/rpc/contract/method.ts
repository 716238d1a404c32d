import { type Cause, currentCauses } from '../../lib/cause.ts';
import type { Context } from '../../lib/context.ts';
import { adminContext } from '../../lib/context.ts';
import type { Endpoint, Target, Transport } from '../transport.ts';

/** The methods of one endpoint: arguments and result by name, as upstream spells them. */
export type MethodTable<M> = { [K in keyof M]: { args: object; result: unknown } };

/** What an endpoint must implement to serve the methods of a table. */
export type Handlers<M extends MethodTable<M>> = {
  readonly [K in keyof M]: (args: M[K]['args'], context: Context) => Promise<M[K]['result']>;
};

/** An endpoint of checked handlers. `Pick` the methods of a table to serve only some. */
export function endpoint<M extends MethodTable<M>>(version: string, handlers: Handlers<M>): Endpoint {
  return { version, methods: handlers as Endpoint['methods'] };
}

/** How a client sends one method. `context` is who asks; the program itself when not given. */
export interface SendOptions {
  context?: Context;
  timeoutMs?: number;
}

/** `transport.call` with the types of a table. */
export async function callMethod<M extends MethodTable<M>, K extends keyof M & string>(
  transport: Transport,
  target: Target,
  method: K,
  args: M[K]['args'],
  options: SendOptions = {},
): Promise<M[K]['result']> {
  const { context = ownContext(), timeoutMs } = options;
  const limits = timeoutMs === undefined ? {} : { timeoutMs };
  return (await transport.call(target, method, args as Record<string, unknown>, context, limits)) as M[K]['result'];
}

/** `transport.cast` with the types of a table. */
export function castMethod<M extends MethodTable<M>, K extends keyof M & string>(
  transport: Transport,
  target: Target & { fanout?: boolean },
  method: K,
  args: M[K]['args'],
  options: SendOptions = {},
): Promise<void> {
  return transport.cast(target, method, args as Record<string, unknown>, options.context ?? ownContext());
}

/**
 * What our agents call themselves where they ask about devices: a server of ours then says which request made the port.
 * Neither question nor answer differs from upstream's for anybody else.
 */
export const OUR_AGENT = 'neutrino-agent';

/** A program for itself; under the id of the request that made it ask, of several the newest. */
export function ownContext(): Context {
  const cause = currentCauses().at(-1);
  return cause === undefined ? adminContext() : { ...adminContext(), ...idsOf(cause) };
}

function idsOf({ requestId, globalRequestId }: Cause): Cause {
  return { requestId, globalRequestId };
}
