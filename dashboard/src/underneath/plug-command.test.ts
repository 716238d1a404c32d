import { expect, it } from 'vitest';
import { isPluggable, plugCommand } from './plug-command.ts';

const id = '9e1a9b62-4b0d-4a37-9d5e-2c1f5c2b7a10';

it.each([
  ['web', 'web'],
  ['', 'guest-9e1a9b62'],
  ['my web; rm -rf /', 'my-web-rm-rf'],
  ['$(id) `id`', 'id-id'],
  ['虚拟机', 'guest-9e1a9b62'],
  ['--tap', 'tap'],
])('a port called %j gets a guest in namespace %s', (name, netns) => {
  expect(plugCommand('/bin/neutrino plug --state-dir /s', { id, name })).toBe(
    `/bin/neutrino plug --state-dir /s ${id} --netns ${netns} --dhcp`,
  );
});

it('is offered where nobody has the port', () => {
  const port = { id, name: '', status: 'DOWN', device_owner: '', 'binding:host_id': '' };
  expect(isPluggable(port)).toBe(true);
  expect(isPluggable({ ...port, 'binding:host_id': 'host1' })).toBe(false);
  expect(isPluggable({ ...port, device_owner: 'network:dhcp' })).toBe(false);
  expect(isPluggable({ ...port, status: 'ACTIVE' })).toBe(false);
});
