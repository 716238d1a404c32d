import { LRUCache } from 'lru-cache';
import type { Collection, CorePlugin } from '../../plugin/contract.ts';
import { credentialsOf } from '../../policy/credentials.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Call, Item, Target } from '../call.ts';
import type { Gate, Look } from '../gate.ts';
import { Parents } from './parents.ts';
import { requirePermission } from './permission.ts';
import { rightsOfCaller } from './rights.ts';
import { judgesObjects, type Sight, seen, sightOf } from './sight.ts';

const SIGHTS_KEPT = 2_000;

/** The gate by the rules of policy. */
export function policyGate(policy: Policy, plugin: Pick<CorePlugin, 'collections' | 'children' | 'checkQuota'>): Gate {
  const sights = new LRUCache<string, Sight>({ max: SIGHTS_KEPT });
  const sightFor = ({ context, resource }: Call): Sight => {
    const key = `${policy.version} ${resource.key} ${credentialsOf(context).key}`;
    let sight = sights.get(key);
    if (sight === undefined) {
      sight = sightOf(policy, context, resource);
      sights.set(key, sight);
    }
    return sight;
  };
  const collectionOf = ({ resource, parentId }: Target): Collection<Item> =>
    parentId === null ? plugin.collections[resource.key]! : plugin.children[resource.key]!(parentId);
  return {
    rights: rightsOfCaller({ policy, collections: plugin.collections, collectionOf }),
    permit: (call) => requirePermission({ policy, plugin, collectionOf }, call),
    look(call): Look {
      const sight = sightFor(call);
      return {
        nothing: sight.objects.kind === 'false',
        hidden: sight.hidden,
        judges: judgesObjects(sight),
        ...(sight.ways && { ways: sight.ways }),
        see: (items, kept = false) =>
          seen(sight, items, call, new Parents(plugin.collections, call.context), { all: kept }),
      };
    },
  };
}
