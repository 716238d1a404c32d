import { port as definition } from '../../resources/port.ts';
import type { Port } from '../../resources/shapes.ts';

const remembered = new WeakMap<ReadonlySet<string>, readonly string[]>();

/** The port as this configuration shows it: without attributes of extensions that are not loaded. */
export function visiblePort(port: Port, extensions: ReadonlySet<string>): Port {
  let keys = remembered.get(extensions);
  if (!keys) {
    keys = Object.entries(definition.attributes)
      .filter(([, { ops, extension }]) => ops.includes('R') && (!extension || extensions.has(extension)))
      .map(([key]) => key);
    remembered.set(extensions, keys);
  }
  const visible: Record<string, unknown> = {};
  for (const key of keys) if (port[key] !== undefined) visible[key] = port[key];
  return visible as Port;
}
