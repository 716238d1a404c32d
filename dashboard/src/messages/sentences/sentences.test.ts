import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'rolldown/experimental';
import { describe, expect, it } from 'vitest';
import { project } from '../../../../test/support/programs.ts';
import { sentenceIn } from './sentences.ts';

const zh = (sentence: string) => sentenceIn('zh', sentence);
const [a, b] = ['a', 'b'].map((digit) => `${digit.repeat(8)}-aaaa-4aaa-8aaa-aaaaaaaaaaaa`) as [string, string];

describe('what the server says', () => {
  it('is said in Chinese, what it names left as it is', () => {
    expect(zh(`port ${a} on h1, DOWN`)).toBe(`port ${a} 位于 h1，状态 DOWN`);
    expect(zh(`rule ${a} of group ${b}`)).toBe(`group ${b} 的 rule ${a}`);
    expect(zh(`no ingress rule of the groups of port ${a} lets tcp 81 from 10.0.0.9 pass`)).toBe(
      `port ${a} 的安全组没有入方向规则允许来自 10.0.0.9 的 tcp 81`,
    );
  });

  it('is said in Chinese within what else is said', () => {
    expect(zh(`nothing filters what goes out of port ${a}`)).toBe(`离开 port ${a} 的数据不经过滤`);
    expect(zh('eth0 in no bridge, up without carrier')).toBe('eth0 不在任何网桥中，已启用但无载波');
    expect(zh('bound: expected bound on h1; found not bound yet. switch the agent on (agent-update)')).toBe(
      '绑定：应为“已绑定在 h1”，实际为“尚未绑定”。启用该代理（agent-update）',
    );
  });

  it('stays as it is in English, and where nobody has said it in Chinese', () => {
    expect(sentenceIn('en', 'no bridge')).toBe('no bridge');
    for (const one of ['toString', '', 'x', 'ip link set eth0 up', '一', '{ref} is gone', `port p is gone`])
      expect(zh(one)).toBe(one);
  });

  it('takes no time whatever is said', () => {
    for (const piece of ['a, ', '; ', ' of ', 'port security is off, ', ': expected ; found '])
      expect(zh(piece.repeat(2000)).length).toBeGreaterThan(0);
  });
});

/** Who explains and traces. */
const sources = [
  'src/plugin/{explain,trace}/*.ts',
  'src/agent/{bridge,dhcp,fdb,metadata,qos,trunk}/explain*.ts',
  'src/agent/firewall/{iptables,spoofing}/explain.ts',
  'src/agent/l3/explain/*.ts',
  'src/agent/bridge/legs.ts',
];
/** No sentences: commands, answers for programs, and pieces of what is known as a whole. */
const others: readonly RegExp[] = [
  /^(-A|ip|ip6?tables|ebtables|tc|bridge|cat|grep|haproxy|neutron|neutrino|sysctl|route del|GET)\b/,
  /^ ?(and|to|out of|into|with|without|none|from|port|by|VNI) ?\{?/,
  /^[;,. ]/,
  /^\S* ?(--|\()/,
  /^[^a-z]*$/,
  // A thing with its id alone, and what is known with its beginning only.
  /^(rule|group|groups|remote group|remote address group|of group|network|namespace|floating IP|until|this one) \0/,
  /^(no frames that filters do not look into\0|Linux bridge agent|the gateway port|only to a bridge, .*|but answers .*|out by \0 \0\0|device \0, \0+|\0 kbit\/s)$/,
  /^(physical network \0 is mapped \0|\0 (is|port|IPv\0:) \0|\0 \0 (carrier|with \0)|\0 IPv\0 \0 of the group|\0 -t \0.*)$/,
];

interface Said {
  readonly file: string;
  /** With `\0` where something is put in. */
  readonly text: string;
}

/** As far as a syntax tree is read here. */
interface Node {
  readonly type?: string;
  readonly key?: { readonly name?: string };
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly cooked: string } }[];
}

/** Every text of a source that could be a sentence: of more than one word, and no command that was looked at. */
function textsOf(file: string): Said[] {
  const texts: Said[] = [];
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    const { type, key, value, quasis } = node as Node;
    if (type === 'ImportDeclaration' || (type === 'Property' && key?.name === 'check')) return;
    if (type === 'Literal' && typeof value === 'string') texts.push({ file, text: value });
    if (type === 'TemplateLiteral') texts.push({ file, text: quasis!.map(({ value }) => value.cooked).join('\0') });
    Object.values(node).forEach(visit);
  };
  visit(parseSync(file, readFileSync(join(project, file), 'utf8')).program);
  return texts.filter(({ text }) => / /.test(text) && !others.some((one) => one.test(text)));
}

/** What is put in may be a thing with its id, or anything else. */
function isSaid({ text }: Said): boolean {
  const gaps = text.split('\0').length - 1;
  const filled = (thing: number) => {
    let gap = 0;
    return text.replaceAll('\0', () => (gap++ === thing ? `network ${a}` : b));
  };
  return Array.from({ length: gaps + 1 }, (_, at) => filled(at - 1)).some((one) => zh(one) !== one);
}

it('all that explains and traces is said in Chinese', () => {
  const files = globSync(sources, { cwd: project }).filter(
    (file) => !/(\.test|testing|contract|question|domain)\.ts$/.test(file),
  );
  expect(files.length).toBeGreaterThan(20);
  const missing = files.flatMap(textsOf).filter((one) => !isSaid(one));
  expect([...new Set(missing.map(({ file, text }) => `${file}: ${text.replaceAll('\0', '…')}`))]).toEqual([]);
});
