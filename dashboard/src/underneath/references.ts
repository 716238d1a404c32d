import { type SubjectName, subjects } from './explanation.ts';

/** A part of a sentence of the server: words, or the name of a thing with its id. */
export interface Piece {
  readonly text: string;
  /** Where the thing is shown; null for words. */
  readonly to: string | null;
  readonly id: string | null;
  /** What the sentence calls it: `port`. */
  readonly kind: string | null;
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** What the server's sentences call things, and the list that has them. */
const lists: Readonly<Record<string, string>> = {
  rule: 'security_group_rules',
  group: 'security_groups',
  groups: 'security_groups',
  'remote group': 'security_groups',
  'remote address group': 'address_groups',
  subnet: 'subnets',
  trunk: 'trunks',
  policy: 'policies',
  'port forwarding': 'floatingips/port_forwardings',
};
const below: Readonly<Record<string, SubjectName>> = {
  ...{ port: 'port', network: 'network', router: 'router', 'floating IP': 'floatingip', floatingip: 'floatingip' },
};
const words = [...Object.keys(lists), ...Object.keys(below)].sort((a, b) => b.length - a.length).join('|');
const named = new RegExp(`\\b(${words}) (${uuid})`, 'g');

/** Where a thing is shown: what has something underneath there, everything else in its list. */
export function addressOf(word: string, id: string): string | null {
  const subject = below[word];
  if (subject) return underneathAddress(subject, id);
  const list = lists[word];
  // A forwarding is found below its floating IP only, which the sentence does not name.
  return list === undefined || list.includes('/') ? null : `#/lists/${list}?id=${id}`;
}

export function underneathAddress(subject: SubjectName, id: string): string {
  return `#/underneath/${subject}/${id}`;
}

/** A sentence with the things it names as pieces of their own, so that one can go there. */
export function piecesOf(sentence: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const say = (text: string) => {
    if (text !== '') pieces.push({ text, to: null, id: null, kind: null });
  };
  for (const found of sentence.matchAll(named)) {
    const [whole, word = '', id = ''] = found;
    say(sentence.slice(at, found.index));
    pieces.push({ text: whole, to: addressOf(word, id), id, kind: word });
    at = found.index + whole.length;
  }
  say(sentence.slice(at));
  return pieces;
}

export function isSubject(word: string): word is SubjectName {
  return Object.hasOwn(subjects, word);
}
