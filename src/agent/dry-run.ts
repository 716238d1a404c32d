import { readOnlyContext } from '../lib/context.ts';
import type { SendOptions } from '../rpc/contract.ts';

/** Somebody waits in front of the terminal. */
const ANSWER_LIMIT_MS = 10_000;

/** How a dry run asks the server: nothing may change there either, and it does not wait for a server that may come. */
export function dryRunQuestion(): SendOptions {
  return { context: readOnlyContext(), timeoutMs: ANSWER_LIMIT_MS };
}
