import { expect, it } from 'vitest';
import { CommandFailed, type Host } from '../../linux/contract.ts';
import type { DhcpState } from './derive.ts';
import { observe } from './observe.ts';

const nowhere = { argv: ['dnsmasq'], pidFile: '/nonexistent/pid', mark: '/nonexistent/dnsmasq' };
const state = {
  ...{ namespace: 'qdhcp-1', folder: '/nonexistent', card: { checksums: [] }, dnsmasq: nowhere },
  proxy: { spec: nowhere, files: [], isWanted: false, onChange: 'restart' },
} as unknown as DhcpState;

function look(stderr: string) {
  const readNetwork = async () => {
    throw new CommandFailed({ argv: ['ip'], code: 1, stderr });
  };
  return observe({ listNetns: async () => ['qdhcp-1'], readNetwork } as unknown as Host, state, 'inside');
}

it('a namespace that is a name only is none', async () => {
  const { namespace } = await look("nsenter: reassociate to namespace 'ns/net' failed: Invalid argument\n");
  expect(namespace).toBeNull();
});

it('one that cannot be looked at just now is not taken for lost', async () => {
  await expect(look('Killed\n')).rejects.toThrow(CommandFailed);
});
