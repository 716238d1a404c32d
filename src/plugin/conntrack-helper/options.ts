import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** `helper:protocol`, as the option lists them. */
const PAIR = /^[a-z][a-z0-9-]{0,63}:(dccp|icmp|ipv6-icmp|sctp|tcp|udp)$/;

/** Upstream: neutron/conf/extensions/conntrack_helper.py. */
export const conntrackHelperOptions = declareOptions('DEFAULT', {
  allowed_conntrack_helpers: option.list({
    default: [
      'amanda:tcp',
      'ftp:tcp',
      'h323:udp',
      'h323:tcp',
      'irc:tcp',
      'netbios-ns:udp',
      'pptp:tcp',
      'sane:tcp',
      'sip:udp',
      'sip:tcp',
      'snmp:udp',
      'tftp:udp',
    ],
    help: 'conntrack helpers that routers may have, as helper:protocol',
    check: (pairs) => {
      const wrong = pairs.find((pair) => !PAIR.test(pair));
      return wrong === undefined ? null : `'${wrong}' is no helper:protocol`;
    },
  }),
});
export type ConntrackHelperOptions = OptionValues<typeof conntrackHelperOptions>;
