import { createServer } from 'node:http';

/**
 * Nova's metadata service as a stand-in inside an emulated host: says each request on a line of its own, with its headers, and
 * answers with the instance's id. Argument: the port.
 */
createServer(({ method, url, headers }, response) => {
  process.stdout.write(`${JSON.stringify({ method, url, headers })}\n`);
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end(`of ${headers['x-instance-id']}`);
}).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'));
