import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adminContext } from '../lib/context.ts';
import { NeutronError } from '../lib/errors.ts';
import {
  BadMessage,
  decodeReply,
  decodeRequest,
  encodeFailure,
  encodeRequest,
  encodeResult,
  newMessageId,
  SeenMessages,
  unwrap,
  wrap,
} from './envelope.ts';
import { RemoteError } from './transport.ts';

const captures = new URL('../../test/data/rpc-captures/', import.meta.url);

interface Captured {
  body: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: recorded JSON of any shape
  oslo_message: Record<string, any>;
}

/** Every message that was seen between the real programs, with the scenario it comes from. */
const seen: [scenario: string, message: Captured['oslo_message']][] = readdirSync(captures)
  .filter((name) => /^\d\d-.*\.json$/.test(name))
  .flatMap((name) => {
    const { messages } = JSON.parse(readFileSync(new URL(name, captures), 'utf8')) as { messages: Captured[] };
    return messages.map((message): [string, Captured['oslo_message']] => [name, message.oslo_message]);
  });
const requests = seen.filter(([, message]) => 'method' in message);
const replies = seen.filter(([, message]) => !('method' in message));

/** Parts of the caller's identity that we do not keep: null from us, whatever came. */
const notKept = [
  '_context_timestamp',
  '_context_user_domain',
  '_context_project_domain',
  '_context_user_identity',
  '_context_auth_token',
];

describe('messages of the real programs', () => {
  test('there are some of each kind', () => {
    expect(requests.length).toBeGreaterThan(500);
    expect(replies.length).toBeGreaterThan(100);
    expect(replies.some(([, message]) => message.failure !== null)).toBe(true);
  });

  test('every request is read, and written again with the same keys and values', () => {
    for (const [scenario, message] of requests) {
      const written = JSON.parse(encodeRequest(decodeRequest(JSON.stringify(message))));
      // Scenario 70 was typed by hand and left most of the context out.
      if (scenario.startsWith('70-')) expect(written, scenario).toMatchObject(without(message, notKept));
      else {
        expect(Object.keys(written).sort(), scenario).toEqual(Object.keys(message).sort());
        expect(without(written, notKept), scenario).toEqual(without(message, notKept));
      }
    }
  });

  test('the token that the real server sends is not kept, and not sent', () => {
    const withToken = requests.filter(([, message]) => message._context_auth_token);
    expect(withToken.length).toBeGreaterThan(0);
    for (const [scenario, message] of withToken) {
      const request = decodeRequest(JSON.stringify(message));
      expect(request.context.authToken, scenario).toBeNull();
      const sent = encodeRequest({ ...request, context: { ...request.context, authToken: 'secret' } });
      expect(sent, scenario).not.toContain('secret');
      expect(JSON.parse(sent)._context_auth_token).toBeNull();
    }
  });

  test('the identity of a caller without domains is written as oslo.context writes it', () => {
    const plain = requests.filter(([, message]) => message._context_user_domain === null && message._context_timestamp);
    expect(plain.some(([, message]) => message._context_user_id !== null)).toBe(true);
    for (const [scenario, message] of plain) {
      const written = JSON.parse(encodeRequest(decodeRequest(JSON.stringify(message))));
      expect(written._context_user_identity, scenario).toBe(message._context_user_identity);
      expect(written._context_timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    }
  });

  test('every reply is read; a result is written again the same', () => {
    for (const [scenario, message] of replies) {
      const reply = decodeReply(JSON.stringify(message));
      expect(reply, scenario).toMatchObject({ msgId: message._msg_id, ending: true, result: message.result });
      if (message.failure === null) {
        expect(reply.error).toBeNull();
        const written = JSON.parse(encodeResult(reply.msgId, reply.result));
        expect(without(written, ['_unique_id'])).toEqual(without(message, ['_unique_id']));
      } else {
        const failure = JSON.parse(message.failure);
        expect(reply.error).toMatchObject({ type: failure.class, module: failure.module, message: failure.message });
      }
    }
  });

  test('a failure is written with the keys, class, module and arguments of the original', () => {
    const failed = replies.filter(([, message]) => message.failure !== null);
    for (const [scenario, message] of failed) {
      const original = JSON.parse(message.failure);
      const { error } = decodeReply(JSON.stringify(message));
      const written = JSON.parse(JSON.parse(encodeFailure(message._msg_id, error)).failure);
      expect({ ...written, tb: null }, scenario).toEqual({ ...original, tb: null });
    }
  });
});

describe('failures', () => {
  const wire = (error: unknown) => JSON.parse(JSON.parse(encodeFailure('m', error)).failure);

  test.each([
    [
      new NeutronError('NetworkNotFound', 'not_found', 'Network x could not be found.'),
      'NetworkNotFound',
      'neutron_lib.exceptions',
    ],
    [
      new NeutronError('AgentNotFoundByTypeHost', 'not_found', 'no'),
      'AgentNotFoundByTypeHost',
      'neutron_lib.exceptions.agent',
    ],
    [
      new RemoteError('NoSuchMethod', 'oslo_messaging.rpc.dispatcher', 'no'),
      'NoSuchMethod',
      'oslo_messaging.rpc.dispatcher',
    ],
    [new TypeError('no'), 'TypeError', 'builtins'],
    [new RangeError('no'), 'RuntimeError', 'builtins'],
    ['a text', 'RuntimeError', 'builtins'],
  ])('%s', (error, type, module) => {
    expect(wire(error)).toMatchObject({ class: type, module, tb: [] });
  });

  test('no stack leaves the process', () => {
    expect(JSON.stringify(wire(new Error('x')))).not.toContain('envelope.test');
  });

  test('a failure that is no JSON is kept as text', () => {
    const reply = decodeReply('{"_msg_id": "m", "failure": "boom"}');
    expect(reply.error).toMatchObject({ type: 'RuntimeError', message: 'boom' });
  });
});

describe('odd messages', () => {
  test('unknown context keys are accepted, missing ones filled in', () => {
    const { context, uniqueId } = decodeRequest(
      '{"method": "m", "args": {}, "_context_new_thing": {"a": 1}, "_context_tenant": "p", "_context_auth_token": "t"}',
    );
    expect(context).toMatchObject({ projectId: 'p', userId: null, roles: [], isAdmin: false, authToken: null });
    expect(context.requestId).toMatch(/^req-/);
    expect(uniqueId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('without a return address it is a cast', () => {
    expect(decodeRequest('{"method": "m"}').reply).toBeUndefined();
    expect(decodeRequest('{"method": "m", "_msg_id": "1"}').reply).toBeUndefined();
  });

  test.each(['', '[]', 'null', '{}', '{"method": 1}', '{"method": "m", "args": []}', '{"method": "m", "args": null}'])(
    'refused as a request: %s',
    (text) => expect(() => decodeRequest(text)).toThrow(BadMessage),
  );

  test.each(['', '{}', '{"oslo.version": "1.0", "oslo.message": "{}"}', '{"oslo.version": "2.0", "oslo.message": {}}'])(
    'refused as an envelope: %s',
    (text) => expect(() => unwrap(text)).toThrow(BadMessage),
  );

  test('any arguments come out as they went in', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (args) => {
        const request = { method: 'm', args, context: adminContext(), uniqueId: newMessageId() };
        const expected = JSON.parse(JSON.stringify(request));
        expect(decodeRequest(unwrap(wrap(encodeRequest(request))))).toEqual(expected);
      }),
    );
  });
});

test('a message id is new once, also after 512 others are remembered', () => {
  const seenMessages = new SeenMessages();
  expect([seenMessages.isNew('a'), seenMessages.isNew('a')]).toEqual([true, false]);
  for (let i = 0; i < 511; i++) seenMessages.isNew(String(i));
  expect(seenMessages.isNew('a')).toBe(false);
  seenMessages.isNew('one more');
  expect(seenMessages.isNew('a')).toBe(true);
});

function without(message: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message).filter(([key]) => !keys.includes(key)));
}
