import type { Socket } from 'node:net';
import { newRequestId } from '../lib/context.ts';
import { apiErrors, renderError } from './errors.ts';

/** What is no HTTP never becomes a request; the answer still has the API's shape. Status text by Node's error code. */
const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

export function answerBrokenHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { body } = renderError(apiErrors.HTTPBadRequest({ message: 'The request is malformed.' }));
  const lines = [
    `HTTP/1.1 ${statusLines[error.code ?? ''] ?? '400 Bad Request'}`,
    `X-Openstack-Request-Id: ${newRequestId()}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
