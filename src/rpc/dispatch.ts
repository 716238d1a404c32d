import { type Endpoint, RemoteError } from './transport.ts';

type Method = Endpoint['methods'][string];

const DISPATCHER = 'oslo_messaging.rpc.dispatcher';

/**
 * The method to run for a request: by name among the endpoints, then by version (same major, endpoint's minor not lower;
 * nothing asked for means 1.0).
 * @throws RemoteError NoSuchMethod or UnsupportedVersion, with oslo.messaging's texts
 */
export function findMethod(endpoints: readonly Endpoint[], method: string, version: string | undefined): Method {
  let known = false;
  for (const endpoint of endpoints) {
    const handler = Object.hasOwn(endpoint.methods, method) ? endpoint.methods[method] : undefined;
    if (!handler) continue;
    known = true;
    if (isCompatible(endpoint.version, version ?? '1.0')) return handler;
  }
  if (!known) throw new RemoteError('NoSuchMethod', DISPATCHER, `Endpoint does not support RPC method ${method}`);
  throw new RemoteError(
    'UnsupportedVersion',
    DISPATCHER,
    `Endpoint does not support RPC version ${version}. Attempted method: ${method}`,
  );
}

/** Whether an endpoint of version `has` may serve a request for version `asked`. */
export function isCompatible(has: string, asked: string): boolean {
  const [hasMajor, hasMinor] = parseVersion(has);
  const [askedMajor, askedMinor] = parseVersion(asked);
  return hasMajor === askedMajor && hasMinor >= askedMinor;
}

function parseVersion(version: string): [major: number, minor: number] {
  const [major = '', minor = '0'] = version.split('.');
  return [Number(major), Number(minor)];
}
