import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client.ts';
import { textIn } from '../messages/text.tsx';
import { refusal, refusalTitle } from './refusal.ts';

const refused = (status: number) => new ApiError(status, 'SomeType', 'Port {id} is in use.', '', null);

describe('what the server refused', () => {
  it.each([
    [400, 'The server does not take it as it is', '服务器不接受这些内容'],
    [404, 'This is not there', '未找到该对象'],
    [422, 'The server does not take it as it is', '服务器不接受这些内容'],
    [503, 'The server cannot do it now', '服务器暂时无法处理'],
    [504, 'The server failed', '服务器出错'],
    [0, 'The server does not answer', '服务器没有响应'],
  ])('%i is called %s', (status, english, chinese) => {
    expect([refusalTitle({ status }, textIn('en')), refusalTitle({ status }, textIn('zh'))]).toEqual([
      english,
      chinese,
    ]);
  });

  it('stays in its own words, and a Chinese page says that these are English', () => {
    expect(refusal(refused(409), textIn('en'))).toBe('Port {id} is in use.');
    expect(refusal(refused(409), textIn('zh'))).toBe('服务器的答复（英文）：Port {id} is in use.');
  });

  it('of the page itself it is in the language of the page already', () => {
    expect(refusal(new Error('没有任何修改'), textIn('zh'))).toBe('没有任何修改');
  });
});
