import { describe, expect, it } from 'vitest';
import { FakeExec } from './fake/exec.ts';
import { type OwnChains, RuleTables, renderEnsure, renderRemove } from './iptables.ts';

const own: OwnChains = {
  table: 'filter',
  chains: [
    {
      name: 'neutrino-forward',
      rules: [['-i', 'brq+', '-m', 'comment', '--comment', 'guests of net "a b"', '-j', 'ACCEPT']],
    },
  ],
  jumps: [{ from: 'FORWARD', chain: 'neutrino-forward' }],
};

const savedWithJump = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:neutrino-forward - [0:0]
-A FORWARD -j neutrino-forward
-A FORWARD -j DOCKER
-A neutrino-forward -i brq+ -j ACCEPT
COMMIT
`;

describe('renderEnsure', () => {
  it('fills the chain and adds the jump in front of others', () => {
    expect(renderEnsure(own, '')).toBe(
      [
        '*filter',
        ':neutrino-forward - [0:0]',
        '-F neutrino-forward',
        '-A neutrino-forward -i brq+ -m comment --comment "guests of net \\"a b\\"" -j ACCEPT',
        '-I FORWARD -j neutrino-forward',
        'COMMIT',
        '',
      ].join('\n'),
    );
  });

  it('does not add a jump that is there', () => {
    expect(renderEnsure(own, savedWithJump)).not.toContain('-I FORWARD');
  });

  it('adds a jump behind others where that is asked for', () => {
    const text = renderEnsure({ ...own, jumps: [{ ...own.jumps[0]!, last: true }] }, '');
    expect(text).toContain('\n-A FORWARD -j neutrino-forward\n');
    expect(text).not.toContain('-I ');
  });

  it.each(['a\nb', 'a\u0000', '\r'])('refuses %j as a word', (text) => {
    const bad = { ...own, chains: [{ name: 'c', rules: [['--comment', text]] }] };
    expect(() => renderEnsure(bad, '')).toThrow(/not a word/);
  });
});

describe('renderRemove', () => {
  it('takes away our chains and the jumps to them, and nothing else', () => {
    expect(renderRemove('filter', ['neutrino-forward', 'neutrino-other'], savedWithJump)).toBe(
      ['*filter', '-D FORWARD -j neutrino-forward', '-F neutrino-forward', '-X neutrino-forward', 'COMMIT', ''].join(
        '\n',
      ),
    );
  });

  it('has nothing to do where nothing is', () => {
    expect(renderRemove('filter', ['neutrino-forward'], '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT')).toBe('');
  });
});

describe('RuleTables', () => {
  it('takes the first flavour that works and stays with it', async () => {
    const exec = new FakeExec();
    exec.answer((argv) => (argv[0] === 'iptables-save' ? { code: 1, stderr: 'no such table' } : undefined));
    await new RuleTables(exec, 'iptables').ensure(own, 'qdhcp-1');
    expect(exec.lines()).toEqual([
      '[qdhcp-1] iptables-save -t filter',
      '[qdhcp-1] iptables-nft-save -t filter',
      '[qdhcp-1] iptables-nft-restore --noflush -w 10',
    ]);
  });

  it('tells why when no flavour works', async () => {
    const exec = new FakeExec();
    exec.answer(() => ({ code: 1, stderr: 'no kernel support' }));
    await expect(new RuleTables(exec, 'ip6tables').save('nat')).rejects.toThrow(/no kernel support/);
  });
});
