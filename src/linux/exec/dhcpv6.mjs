// Carries DHCPv6 messages for an agent that cannot enter a network namespace itself: sends one to all servers on a link until
// somebody answers, and prints the answers. What the messages say is none of its business. Plain JavaScript and no
// imports but Node's own, as the helper that starts it.
//
//   stdin   {device, message (hex), elapsedAt, timeoutMs, collectMs}
//   stdout  each answer as a line of hex
//
// Pauses between repetitions are those of RFC 8415 §15; `elapsedAt` is where the message says for how long it has been asked.
import { createSocket } from 'node:dgram';
import { text } from 'node:stream/consumers';

const CLIENT_PORT = 546;
const SERVER_PORT = 547;
/** All_DHCP_Relay_Agents_and_Servers */
const SERVERS = 'ff02::1:2';
const FIRST_PAUSE_MS = 1_000;
/** Until the device's link-local address may be used the kernel takes no message. */
const NO_ADDRESS_PAUSE_MS = 200;

const { device, message, elapsedAt, timeoutMs, collectMs } = JSON.parse(await text(process.stdin));
const bytes = Buffer.from(message, 'hex');
const startedMs = performance.now();
const socket = createSocket({ type: 'udp6', ipv6Only: true });
let ending = null;
let pauseMs = FIRST_PAUSE_MS;

function end() {
  socket.close();
  process.exit(0);
}

function send() {
  const elapsedMs = performance.now() - startedMs;
  if (elapsedMs >= timeoutMs) return end();
  bytes.writeUInt16BE(Math.min(0xffff, Math.round(elapsedMs / 10)), elapsedAt);
  socket.send(bytes, SERVER_PORT, `${SERVERS}%${device}`, (error) => {
    const waitMs = error ? NO_ADDRESS_PAUSE_MS : pauseMs * (0.9 + Math.random() * 0.2);
    if (!error) pauseMs *= 2;
    if (ending === null) setTimeout(send, Math.min(waitMs, Math.max(0, timeoutMs - elapsedMs)));
  });
}

socket.on('message', (answer, { address }) => {
  // Guests behind the router are no servers, whatever they say.
  const isNear = address.startsWith('fe80:') && address.endsWith(`%${device}`);
  if (!isNear || answer.length < 4 || answer.compare(bytes, 1, 4, 1, 4) !== 0) return;
  process.stdout.write(`${answer.toString('hex')}\n`);
  ending ??= setTimeout(end, collectMs);
});
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
socket.bind(CLIENT_PORT, '::', send);
