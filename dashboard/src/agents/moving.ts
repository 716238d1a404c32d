import type { Method } from '../api/client.ts';

/** What is moved between agents of a kind. */
export interface Movable {
  readonly kind: 'networks' | 'routers';
  readonly id: string;
  /** Of routers: whether several agents may serve it. */
  readonly isShared: boolean;
}

export interface Step {
  readonly method: Extract<Method, 'POST' | 'DELETE'>;
  readonly path: string;
  readonly body?: Readonly<Record<string, string>>;
}

/** How a move ended where it was refused: whose it is now. */
export type Left = 'restored' | 'lost' | 'both';

export interface MoveOutcome {
  /** Null: done. */
  readonly error: Error | null;
  /** Null: nothing changed, or all did. */
  readonly left: Left | null;
}

export function addStep({ kind, id }: Movable, agentId: string): Step {
  const path = `/v2.0/agents/${encodeURIComponent(agentId)}`;
  if (kind === 'networks') return { method: 'POST', path: `${path}/dhcp-networks`, body: { network_id: id } };
  return { method: 'POST', path: `${path}/l3-routers`, body: { router_id: id } };
}

export function removeStep({ kind, id }: Movable, agentId: string): Step {
  const below = kind === 'networks' ? 'dhcp-networks' : 'l3-routers';
  return {
    method: 'DELETE',
    path: `/v2.0/agents/${encodeURIComponent(agentId)}/${below}/${encodeURIComponent(id)}`,
  };
}

/** Whether traffic stops for a moment: the API gives such a router one agent at a time. */
export function isInterrupted({ kind, isShared }: Movable): boolean {
  return kind === 'routers' && !isShared;
}

/**
 * Moves something from one agent to another, so that it is served all the time where that can be: the other agent begins
 * before this one ends. What one agent at a time may have goes first and comes back when the other refuses it.
 *
 * @param take does one step, and throws what was refused
 */
export async function moved(
  what: Movable,
  { from, to }: { readonly from: string; readonly to: string },
  take: (step: Step) => Promise<unknown>,
): Promise<MoveOutcome> {
  const [first, second] = isInterrupted(what)
    ? [removeStep(what, from), addStep(what, to)]
    : [addStep(what, to), removeStep(what, from)];
  const refusal = await refused(take, first);
  // It serves already: what is left to do is to end here.
  if (refusal !== null && !(first.method === 'POST' && isServedAlready(refusal))) return { error: refusal, left: null };
  const error = await refused(take, second);
  if (error === null) return { error, left: null };
  if (!isInterrupted(what)) return { error, left: 'both' };
  const back = await refused(take, addStep(what, from));
  // Another agent may have taken it by itself, in between: it is served.
  if (back !== null && isServedAlready(back)) return { error, left: null };
  return { error, left: back === null ? 'restored' : 'lost' };
}

async function refused(take: (step: Step) => Promise<unknown>, step: Step): Promise<Error | null> {
  try {
    await take(step);
    return null;
  } catch (error) {
    return error as Error;
  }
}

function isServedAlready(error: Error): boolean {
  const { type } = error as { type?: unknown };
  return type === 'NetworkHostedByDHCPAgent' || type === 'RouterHostedByL3Agent';
}
