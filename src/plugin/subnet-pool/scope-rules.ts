import { poolScope, scopePrefixes, sharesNetworks } from '../../db/write/subnet-pools.ts';
import { setOfCidrs, setsOverlap } from '../../lib/ip/blocks.ts';
import { addressScopeEntries, addressScopeReads } from '../address-scope/storage.ts';
import type { Change } from '../changes.ts';
import type { RbacEntry } from '../domain.ts';
import type { Shared } from '../parts.ts';
import { rbacErrors } from '../rbac-policy/errors.ts';
import type { PoolDraft } from './draft.ts';
import { subnetPoolErrors as errors } from './errors.ts';

/** How pools and address scopes go together (upstream: db_base_plugin_v2 `_validate_address_scope_id`). */
export class ScopeRules {
  readonly #scopes: ReturnType<typeof addressScopeReads>;

  constructor(shared: Shared) {
    this.#scopes = addressScopeReads(shared);
  }

  /**
   * That a pool may be in a scope: the caller sees it, the versions agree, no other pool of it has the same addresses, and
   * (when the pool comes into it anew) no network would have subnets inside and outside of it.
   *
   * @param pool the pool's id; a new one has no subnets
   * @throws AddressScopeNotFound, IllegalSubnetPoolIpVersionAssociationToAddressScope, NetworkAddressScopeAffinityError,
   *   AddressScopePrefixConflict
   */
  async check(change: Change, pool: string, draft: PoolDraft, scopeId: string, anew: boolean): Promise<void> {
    const { tx, context } = change;
    const scope = await this.#scopes.stored(tx, context, scopeId);
    if (scope.ip_version !== draft.ip_version) {
      throw errors.IllegalSubnetPoolIpVersionAssociationToAddressScope({
        subnetpool_id: pool,
        address_scope_id: scopeId,
        ip_version: scope.ip_version,
      });
    }
    if (anew && (await sharesNetworks(tx, pool, draft.ip_version))) throw errors.NetworkAddressScopeAffinityError();
    const others = setOfCidrs(await scopePrefixes(tx, scopeId, pool));
    if (setsOverlap(others, setOfCidrs(draft.prefixes))) throw errors.AddressScopePrefixConflict();
  }

  /** A pool in a scope of another project is changed by nobody but administrators. @throws IllegalSubnetPoolUpdate */
  async checkOwned({ tx, context }: Change, pool: string, scopeId: string): Promise<void> {
    const scope = await this.#scopes.whole(tx, scopeId);
    if (context.isAdmin || scope?.project_id === context.projectId) return;
    throw errors.IllegalSubnetPoolUpdate({
      reason: `subnetpool ${pool} cannot be updated when associated with shared address scope ${scopeId}`,
    });
  }
}

/**
 * Whom a pool is opened to must have its address scope, too (upstream: objects/subnetpool.py).
 * @throws RbacPolicyInitError
 */
export async function checkScopeReaches({ tx }: Change, entry: Pick<RbacEntry, 'object_id' | 'target_project'>) {
  const { object_id, target_project } = entry;
  const scope = await poolScope(tx, object_id);
  if (scope === null) return;
  const targets = (await addressScopeEntries.of(tx, scope)).map((opened) => opened.target_project);
  if (targets.includes('*') || targets.includes(target_project)) return;
  const reason = "target project doesn't have access to associated address scope.";
  throw rbacErrors.RbacPolicyInitError({ object_id, reason });
}
