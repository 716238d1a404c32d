import type { RouterPart } from '../contract.ts';
import { routerMark } from './marks.ts';

const addresses = { 4: '169.254.169.254/32', 6: 'fe80::a9fe:a9fe/128' } as const;
const CAUSE = 'metadata service';

/** Guests' requests to the metadata service go to the proxy in the namespace, and nobody else's. */
export const metadataRules: RouterPart = {
  name: 'metadata rules',
  derive(draft, _router, { options }) {
    if (!options.enable_metadata_proxy) return;
    const mark = routerMark(options.metadata_access_mark);
    const port = options.metadata_port;
    for (const family of [4, 6] as const) {
      const request = `-d ${addresses[family]} -i qr-+ -p tcp -m tcp --dport 80`;
      draft.rule(family, 'mangle', 'PREROUTING', `${request} -j MARK --set-xmark ${mark}`, CAUSE);
      draft.rule(family, 'nat', 'PREROUTING', `${request} -j REDIRECT --to-ports ${port}`, CAUSE);
      draft.rule(family, 'filter', 'INPUT', `-m mark --mark ${mark} -j ACCEPT`, CAUSE);
      draft.rule(family, 'filter', 'INPUT', `-p tcp -m tcp --dport ${port} -j DROP`, CAUSE);
      // The proxy answers, or nobody.
      draft.rule(family, 'filter', 'scope', `-m mark --mark ${mark} -j DROP`, CAUSE);
    }
  },
};
