import { ApplyFailed, type Host, type NetworkOperation } from '../../linux/contract.ts';

/** What `ip` and the kernel say where there is no 802.1Q. */
const NO_VLANS = /Unknown device type|Operation not supported/;
const NO_VLANS_REASON = 'this kernel has no VLANs (802.1Q): load the module 8021q, or use another kernel';

/** What became of operations. */
export interface Applied {
  readonly done: readonly NetworkOperation[];
  /** Devices that could not be made or removed, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
}

/** Does all that can be done: what fails on one device is left out, and the others are served. */
export async function applyEach(linux: Host, operations: readonly NetworkOperation[]): Promise<Applied> {
  const failed = new Map<string, string>();
  const done: NetworkOperation[] = [];
  let rest = operations;
  while (rest.length > 0) {
    try {
      await linux.apply(rest);
      done.push(...rest);
      break;
    } catch (error) {
      if (!(error instanceof ApplyFailed)) throw error;
      const at = rest.indexOf(error.operation);
      if (at < 0) throw error;
      done.push(...rest.slice(0, at));
      const noVlans = error.operation.op === 'ensure_vlan' && NO_VLANS.test(error.stderr);
      const culprit = deviceOf(error.operation);
      const others = rest.slice(at + 1);
      if (noVlans)
        for (const operation of [error.operation, ...others]) failed.set(deviceOf(operation), NO_VLANS_REASON);
      else failed.set(culprit, error.message);
      rest = noVlans ? [] : others.filter((operation) => deviceOf(operation) !== culprit);
    }
  }
  return { done, failed };
}

function deviceOf(operation: NetworkOperation): string {
  if ('name' in operation) return operation.name;
  return 'key' in operation ? (operation.key.split('/')[3] ?? '') : operation.device;
}
