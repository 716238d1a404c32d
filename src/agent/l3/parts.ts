import type { WireRouter } from '../../rpc/contract.ts';
import type { L3Facts, RouterPart, RouterState } from './contract.ts';
import { extraRoutes } from './derive/extra-routes.ts';
import { interfaces, isServed } from './derive/interfaces.ts';
import { metadataRules } from './derive/metadata-rules.ts';
import { nat } from './derive/nat.ts';
import { scopes } from './derive/scopes.ts';
import { Draft } from './draft.ts';
import { ExplainPart } from './explain/part.ts';
import { extensionParts } from './extensions/registry.ts';
import { HaRouters } from './ha.ts';
import { metadataPart } from './metadata.ts';
import { PrefixDelegation } from './pd/part.ts';
import { radvdPart } from './radvd.ts';

/**
 * The subjects of routers in the order they are asked. Each agent has its own: some remember things.
 *
 * @param extensions `[agent] extensions`
 */
export function makeParts(extensions: readonly string[]): RouterPart[] {
  const ha = new HaRouters();
  const core = [interfaces, extraRoutes, nat, scopes, metadataRules, radvdPart, metadataPart, new PrefixDelegation()];
  const parts = [ha.first, ...core, ...extensionParts(extensions), ha.last];
  return [...parts, new ExplainPart(parts)];
}

/** What the router must look like here; null where it is not to be here. */
export function deriveRouter(router: WireRouter, parts: readonly RouterPart[], facts: L3Facts): RouterState | null {
  if (!isServed(router, facts)) return null;
  const draft = new Draft(router);
  for (const part of parts) part.derive(draft, router, facts);
  return draft;
}
