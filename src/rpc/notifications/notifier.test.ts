import { expect, it } from 'vitest';
import { adminContext, type Context } from '../../lib/context.ts';
import { unwrap } from '../envelope.ts';
import { logDriver, messagingDriver, Notifier } from './notifier.ts';

const context: Context = {
  ...adminContext('req-1'),
  userId: 'u1',
  projectId: 'p1',
  roles: ['member'],
  isAdmin: false,
  authToken: 'gAAAA-secret',
};
const payload = '{"port": {"id": "p", "mtu": 12345678901234567890}}';

function sent(topics: string[], envelope: boolean): [queue: string, text: string][] {
  const texts: [string, string][] = [];
  const outlet = { send: (queue: string, text: string) => void texts.push([queue, text]) };
  new Notifier('network.h1', [messagingDriver(outlet, { topics, envelope })]).tell(context, 'port.create.end', payload);
  return texts;
}

it('a message says who tells what of whom, never with the token', () => {
  const [[queue, text] = ['', '']] = sent(['notifications'], false);
  expect(queue).toBe('notifications.info');
  expect(JSON.parse(text)).toMatchObject({
    message_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
    publisher_id: 'network.h1',
    event_type: 'port.create.end',
    priority: 'INFO',
    payload: { port: { id: 'p' } },
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
    _unique_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    _context_request_id: 'req-1',
    _context_user_id: 'u1',
    _context_project_id: 'p1',
    _context_roles: ['member'],
    _context_is_admin: false,
    _context_auth_token: null,
  });
  expect(text).not.toContain('secret');
  // The payload is the answer's own text: numbers that JavaScript has not are as they were.
  expect(text).toContain(payload);
});

it('the envelope is that of version 2', () => {
  const [[, text] = ['', '']] = sent(['notifications'], true);
  expect(Object.keys(JSON.parse(text))).toEqual(['oslo.version', 'oslo.message']);
  expect(JSON.parse(unwrap(text))).toMatchObject({ event_type: 'port.create.end' });
});

it('each topic has its queue, and a message of its own there: a listener of both must not drop one as seen', () => {
  const [one, two] = sent(['notifications', 'billing'], false).map(([queue, text]) => ({ queue, ...JSON.parse(text) }));
  expect([one.queue, two.queue]).toEqual(['notifications.info', 'billing.info']);
  expect(one._unique_id).not.toBe(two._unique_id);
  expect(one.message_id).toBe(two.message_id);
});

it('the log has the whole of it in one field', () => {
  const lines: [object, string][] = [];
  const driver = logDriver({ info: (fields, message) => void lines.push([fields, message]) });
  new Notifier('network.h1', [driver]).tell(context, 'tag.update.end', '{"tags": ["a"]}');
  expect(lines).toEqual([
    [
      {
        request_id: 'req-1',
        event_type: 'tag.update.end',
        notification: expect.objectContaining({
          publisher_id: 'network.h1',
          priority: 'INFO',
          payload: { tags: ['a'] },
        }),
      },
      'notification',
    ],
  ]);
});

it('all drivers are told, in their order, of one message', () => {
  const ids: string[] = [];
  const driver = (name: string) => ({
    notify: ({ message_id }: { message_id: string }) => void ids.push(name, message_id),
  });
  new Notifier('network.h1', [driver('one'), driver('two')]).tell(context, 'x.create.end', '{}');
  expect(ids).toEqual(['one', ids[1], 'two', ids[1]]);
});
