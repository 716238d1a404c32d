/**
 * What may stand in a field of a dnsmasq file. Names, client ids and option values come from users; dnsmasq reads lines
 * and splits them at commas, so a newline would be a line of the user's own and a comma a field (CVE-2021-40085 upstream).
 * Values that do not fit are left out and reported, never cut or escaped: half a value is a wrong value.
 */

/** Longest line dnsmasq reads is 1,025 bytes; anything behind would be taken for a line of its own. */
const MAX_LINE = 1_000;

/** A MAC of six octets. */
export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text);
}

/** A UUID as Neutron writes ids: they become tags, file and namespace names. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** A host name or domain name, a dot at the end allowed. */
export function isHostName(text: string): boolean {
  return text.length <= 254 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,62}))(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*\.?$/i.test(text);
}

/** A client id in a hosts line: hex octets with colons, or text without anything that ends a field, a value or a line. */
export function isClientId(text: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(text) && !/[,"#\\[\]]/.test(text);
}

/**
 * Name or number of a DHCP option, with tags that must be set before it if any: `tftp-server`, `66`, `tag:ipxe,67`.
 * Numbers are those of one octet (v4) or two (v6), without leading zeros.
 */
export function parseOptionName(text: string): { tags: string[]; name: string } | null {
  const parts = text.split(',');
  const name = parts.pop()!;
  if (!/^(?:[a-z][a-z0-9-]{0,63}|[1-9][0-9]{0,4})$/i.test(name)) return null;
  if (!parts.every((tag) => /^tag:!?[a-z0-9][a-z0-9_.-]{0,63}$/i.test(tag))) return null;
  return { tags: parts, name };
}

/**
 * Value of a DHCP option. Commas are allowed: they separate the option's own values, and nothing can follow them on the
 * line. Quotes must be in pairs as dnsmasq counts them (a backslash escapes only inside), else it refuses the line.
 */
export function isOptionValue(text: string): boolean {
  if (!isPrintable(text) || Buffer.byteLength(text) > MAX_LINE) return false;
  return /^(?:[^"]|"(?:\\["tnebr\\]|[^"\\]|\\(?!["tnebr\\]))*")*$/.test(text);
}

/** Whether text is one line without control characters, Unicode's line separators included. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\u2028\u2029]/u.test(text);
}

/** Whether dnsmasq reads a line as one line. */
export function fitsLine(line: string): boolean {
  return isPrintable(line.replaceAll('\t', ' ')) && Buffer.byteLength(line) <= MAX_LINE;
}
