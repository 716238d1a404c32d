// A TCP connection that says something every 20 ms and hears it back: `listen PORT`, or `send HOST PORT`, which prints for
// each answer the milliseconds since the one before.
import { connect, createServer } from 'node:net';

const [what, ...rest] = process.argv.slice(2);
if (what === 'listen') {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(Number(rest[0]), '::', () => console.log('listening'));
} else {
  const socket = connect(Number(rest[1]), rest[0]);
  let lastMs = performance.now();
  socket.setNoDelay(true);
  socket.on('connect', () => setInterval(() => socket.write('.'), 20));
  socket.on('data', () => {
    const nowMs = performance.now();
    console.log(Math.round(nowMs - lastMs));
    lastMs = nowMs;
  });
  const end = (why) => {
    console.log(`ended: ${why}`);
    process.exit(1);
  };
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('closed'));
}
