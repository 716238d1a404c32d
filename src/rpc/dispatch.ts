import { type Endpoint, RemoteError } from './transport.ts';

type Method = Endpoint['methods'][string];

const DISPATCHER = 'oslo_messaging.rpc.dispatcher';

/**
 * The method to run for a request: of the endpoints whose version fits (same major, endpoint's minor not lower; nothing asked
 * for means 1.0) and whose namespace is the one asked for the first that has it.
 * @throws RemoteError NoSuchMethod, or UnsupportedVersion where no endpoint fits, with oslo.messaging's texts
 */
export function findMethod(
  endpoints: readonly Endpoint[],
  { method, version, namespace }: { method: string; version?: string; namespace?: string },
): Method {
  const fitting = endpoints.filter(
    (each) => each.namespace === namespace && isCompatible(each.version, version ?? '1.0'),
  );
  for (const { methods } of fitting) {
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handler) return handler;
  }
  if (fitting.length > 0) {
    throw new RemoteError('NoSuchMethod', DISPATCHER, `Endpoint does not support RPC method ${method}`);
  }
  throw new RemoteError(
    'UnsupportedVersion',
    DISPATCHER,
    `Endpoint does not support RPC version ${version ?? '1.0'}. Attempted method: ${method}`,
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
