import { addTags } from '../../../db/write/tags.ts';
import { checkNumber } from '../../tag/tags.ts';
import type { ExtensionDriver } from '../contract.ts';

/** Tags of ports that are created with them (upstream: plugins/ml2/extensions/tag_ports_during_bulk_creation.py). */
export function portTagsExtensionDriver(): ExtensionDriver {
  return {
    name: 'tag_ports_during_bulk_creation',
    alias: 'tag-ports-during-bulk-creation',
    async initialize() {},
    async processCreatePort(tx, input, port) {
      const tags = [...new Set((input.tags as string[] | undefined) ?? [])].sort();
      if (tags.length === 0) return;
      checkNumber('ports', tags);
      await addTags(tx, 'port', port.id, tags);
      Object.assign(port, { tags });
    },
  };
}
