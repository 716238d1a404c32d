import { connect, createServer } from 'node:net';

/**
 * Runs inside an emulated host and hands connections of a unix socket to a TCP port there: files are shared with the
 * machine, the host's loopback is not. Arguments: socket path, port.
 */
const [socketPath, port] = process.argv.slice(2);
createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
}).listen(socketPath, () => console.log('ready'));
