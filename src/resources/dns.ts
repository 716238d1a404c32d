import type { AttributeType } from './contract.ts';
import { toLowerCase } from './converters.ts';
import { text } from './validators.ts';

/** Names and domains as DNS has them (upstream: neutron-lib `api/validators/dns`; RFC 952, 1123 section 2.1, 1034 page 7). */

const MAX_LENGTH = 255;
/** Stand for a label in a domain whose zone is each project's or user's own. */
const LABEL = /^([a-z0-9-]{1,63}|<project_id>|<project_name>|<user_name>|<user_id>)$/;

function whyNoName(value: string): string | null {
  const trimmed = value.endsWith('.') ? value.slice(0, -1) : value;
  if (trimmed.length > MAX_LENGTH) return `'${trimmed}' exceeds the ${MAX_LENGTH} character FQDN limit`;
  const labels = trimmed.split('.');
  for (const label of labels) {
    if (label === '') return 'Encountered an empty component';
    if (label.startsWith('-') || label.endsWith('-')) return `Name '${label}' must not start or end with a hyphen`;
    if (!LABEL.test(label)) {
      return `Name '${label}' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen`;
    }
  }
  const last = labels.at(-1)!;
  return labels.length > 1 && /^[0-9]+$/.test(last) ? `TLD '${last}' must not be all numeric` : null;
}

/** A label or a dotted name, as a guest may be called; a final dot says that it is complete. */
function whyNotName(value: unknown): string | null {
  if (typeof value !== 'string') return text(MAX_LENGTH)(value);
  const why = value === '' ? null : whyNoName(value);
  return why === null ? null : `'${value}' not a valid PQDN or FQDN. Reason: ${why}`;
}

/** A name below the domain that stands beside it: not a complete one, and short enough for a domain behind it. */
function whyNotRelative(value: unknown): string | null {
  if (typeof value !== 'string') return text(MAX_LENGTH)(value);
  if (value.endsWith('.')) return `'${value}' is a FQDN. It should be a relative domain name`;
  const wrong = whyNotName(value);
  if (wrong !== null) return wrong;
  if (value.length <= MAX_LENGTH - 3) return null;
  return (
    `'${value}' contains ${value.length} characters. Adding a domain name will cause it to exceed the maximum length ` +
    `of a FQDN of '${MAX_LENGTH}'`
  );
}

/** A domain as zones are named: with its final dot, and short enough for names below it. */
function whyNotDomain(value: unknown): string | null {
  if (typeof value !== 'string') return text(MAX_LENGTH)(value);
  if (value === '') return null;
  if (!value.endsWith('.')) return `'${value}' is not a FQDN`;
  const wrong = whyNotName(value);
  if (wrong !== null) return wrong;
  if (value.length <= MAX_LENGTH - 2) return null;
  return (
    `'${value}' contains ${value.length} characters. Adding a sub-domain will cause it to exceed the maximum length ` +
    `of a FQDN of '${MAX_LENGTH}'`
  );
}

const schema = { type: 'string', maxLength: MAX_LENGTH };

export const dnsName: AttributeType = { schema, convert: toLowerCase, validate: whyNotName };

/** Of a floating IP, which says its domain itself. */
export const floatingDnsName: AttributeType = { schema, convert: toLowerCase, validate: whyNotRelative };

export const dnsDomain: AttributeType = { schema, convert: toLowerCase, validate: whyNotDomain };

/**
 * What only the option `dns_domain` can tell about a valid name: with the domain behind it, it must still be a name; a
 * complete one must end in the domain.
 *
 * @param option as it was written, for the message
 * @param domain the same with its final dot
 */
export function nameInDomain(name: string, option: string, domain: string): string | null {
  const higher = `.${domain}`;
  if (name === '') return null;
  if (name.endsWith('.')) {
    if (name.length > higher.length && name.endsWith(higher)) return null;
    return (
      'The dns_name passed is a FQDN. Its higher level labels must be equal to the dns_domain option in neutron.conf, ' +
      `that has been set to '${option}'. It must also include one or more valid DNS labels to the left of '${option}'`
    );
  }
  if (name.length + higher.length <= MAX_LENGTH) return null;
  return (
    `The dns_name passed is a PQDN and its size is '${name.length}'. The dns_domain option in neutron.conf is set to ` +
    `${option}, with a length of '${higher.length}'. When the two are concatenated to form a FQDN (with a '.' at the ` +
    `end), the resulting length exceeds the maximum size of '${MAX_LENGTH}'`
  );
}
