import { readdirSync, readFileSync } from 'node:fs';
import type { ObjectEvent, VersionedObject } from '../../rpc/contract.ts';

/** What a real server pushed (test/data/rpc-captures): for the tests beside the code. */
export interface CapturedPush {
  readonly capture: string;
  readonly exchange: string;
  readonly version: string;
  readonly event: ObjectEvent;
  readonly objects: readonly VersionedObject[];
}

const folder = new URL('../../../test/data/rpc-captures/', import.meta.url);

interface Captured {
  readonly exchange: string;
  readonly oslo_message: {
    readonly method?: string;
    readonly version: string;
    // biome-ignore lint/suspicious/noExplicitAny: arguments of all methods
    readonly args: any;
  };
}

/** Messages of a capture, by the number it begins with. */
export function captured(number: string): readonly Captured[] {
  const name = readdirSync(folder).find((file) => file.startsWith(`${number}-`));
  return JSON.parse(readFileSync(new URL(name!, folder), 'utf8')).messages;
}

/** Everything that was pushed, in the order of the captures. */
export function capturedPushes(): readonly CapturedPush[] {
  return readdirSync(folder)
    .filter((file) => /^\d\d-/.test(file))
    .sort()
    .flatMap((file) =>
      captured(file.slice(0, 2))
        .filter(({ oslo_message }) => oslo_message.method === 'push')
        .map(({ exchange, oslo_message: { version, args } }) => ({
          capture: file.slice(0, 2),
          exchange,
          version,
          event: args.event_type,
          objects: args.resource_list,
        })),
    );
}
