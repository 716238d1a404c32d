import { getPort } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { seesEverything } from '../../lib/context.ts';
import type { RouteCall } from '../contract.ts';
import type { Domain } from '../domain.ts';
import type { Shared } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import type { Trace } from './contract.ts';
import { questionOf } from './question.ts';
import { StoredWorld } from './stored-world.ts';
import { tracePort } from './trace.ts';

/** `GET /v2.0/ports/{id}/trace?to=ADDRESS&tcp=PORT`: the way of a packet, hop by hop, and what decides. */
export const trace: Domain = {
  name: 'trace',
  aliases: () => ['neutrino-trace'],
  make: ({ shared }) => ({ routes: { 'GET ports/{id}/trace': (call) => traceFrom(shared, call) } }),
};

/**
 * @throws InvalidInput
 * @throws PortNotFound
 */
async function traceFrom(shared: Shared, { context, params, parameters }: RouteCall): Promise<Trace> {
  const question = questionOf(parameters);
  return shared.database.snapshot(async (db) => {
    const port = await getPort(db, params.id!, fullView);
    if (!port) throw portErrors.PortNotFound({ port_id: params.id! });
    const sees = (project: string | null) => seesEverything(context) || project === context.projectId;
    return tracePort(new StoredWorld(db, shared), port, question, sees);
  });
}
