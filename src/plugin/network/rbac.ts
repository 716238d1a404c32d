import { bumpNetwork, dependentPortExists, isDefaultExternal, setExternal } from '../../db/write/networks.ts';
import type { RbacObject } from '../domain.ts';
import { rbacErrors } from '../rbac-policy/errors.ts';
import { refuseClosing, refuseInside } from '../router/external-network.ts';
import { networkErrors } from './errors.ts';
import { networkEntries } from './visibility.ts';

/**
 * Networks as objects of RBAC policies (upstream: db/db_base_plugin_v2.py, db/external_net_db.py). A network is external as
 * long as it is opened to anybody as such.
 */
export const networkRbac: RbacObject = {
  type: 'network',
  table: 'networkrbacs',
  objects: 'networks',
  actions: ['access_as_shared', 'access_as_external'],
  async checkUnused({ tx }, entry, others) {
    const { object_id, action, target_project } = entry;
    const everybody = target_project === '*';
    if (action === 'access_as_external') {
      if (everybody && (await isDefaultExternal(tx, object_id)) === true) {
        throw rbacErrors.RbacPolicyInUse({
          object_id,
          details: 'Default external networks must be shared to everyone.',
        });
      }
      return refuseClosing({ tx }, entry, others);
    }
    if (await dependentPortExists(tx, object_id, everybody ? null : target_project, others)) {
      const { message } = networkErrors.InvalidSharedSetting({ network: object_id });
      throw rbacErrors.RbacPolicyInUse({ object_id, details: message });
    }
  },
  async touched({ tx, time }, id) {
    const entries = await networkEntries.of(tx, id);
    const external = entries.some(({ action }) => action === 'access_as_external');
    if (external !== ((await isDefaultExternal(tx, id)) !== null)) {
      if (!external) await refuseInside({ tx }, id);
      await setExternal(tx, id, external);
    }
    await bumpNetwork(tx, id, time);
  },
};
