import { dryRunQuestion } from '../dry-run.ts';
import type { PartContext, RouterPart } from './contract.ts';
import type { RouterKeeper } from './keeper.ts';
import { routersLeft } from './left.ts';

/** What a start would change on this host, a line each; changes nothing. */
export async function previewStart(
  context: PartContext,
  parts: readonly RouterPart[],
  keeper: Pick<RouterKeeper, 'preview'>,
): Promise<string[]> {
  const { plugin, linux, facts } = context;
  const question = dryRunQuestion();
  const ids = await plugin.routerIds(question);
  const routers = ids.length > 0 ? await plugin.syncRouters(ids, question) : [];
  const lines: string[] = [];
  for (const part of parts) await part.prepare?.(routers, context);
  for (const router of routers) {
    for (const line of await keeper.preview(router)) lines.push(`router ${router.id}: ${line}`);
  }
  const known = new Set(routers.map(({ id }) => id));
  for (const id of await routersLeft(linux, facts)) {
    if (!known.has(id)) lines.push(`router ${id}: remove it, no longer scheduled to this host`);
  }
  return lines;
}
