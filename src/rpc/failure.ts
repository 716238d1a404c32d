import { NeutronError } from '../lib/errors.ts';
import { MessagingTimeout, RemoteError } from './transport.ts';

/** What a method threw, as the reply carries it (there as JSON text). */
export interface WireFailure {
  class: string;
  module: string;
  message: string;
  /** Lines of a traceback; empty from us: a stack tells the other side nothing and may show internals. */
  tb: string[];
  args: unknown[];
  kwargs: Record<string, unknown>;
}

/** Where upstream defines an error's class, if elsewhere: Python agents find it by module and name. */
const moduleOf: Record<string, string> = {
  AgentNotFound: 'neutron_lib.exceptions.agent',
  AgentNotFoundByTypeHost: 'neutron_lib.exceptions.agent',
};
const ERRORS_MODULE = 'neutron_lib.exceptions';
const BUILTINS = 'builtins';
const pythonBuiltins = new Set(['TypeError', 'ValueError', 'KeyError', 'RuntimeError']);

/** An error as the other side will see it. What is no error of ours goes as a RuntimeError with its text. */
export function failureOf(error: unknown): WireFailure {
  const { type, module, message } = describe(error);
  return { class: type, module, message, tb: [], args: [message], kwargs: {} };
}

function describe(error: unknown): { type: string; module: string; message: string } {
  if (error instanceof RemoteError) return error;
  if (error instanceof NeutronError) {
    return { type: error.type, module: moduleOf[error.type] ?? ERRORS_MODULE, message: error.message };
  }
  if (error instanceof MessagingTimeout) {
    return { type: 'MessagingTimeout', module: 'oslo_messaging.exceptions', message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error ? error.name : '';
  return { type: pythonBuiltins.has(name) ? name : 'RuntimeError', module: BUILTINS, message };
}

/** The failure of a reply as an error to throw. A text that is not oslo.messaging's is kept as the message. */
export function errorOf(failure: string): RemoteError {
  try {
    const parsed = JSON.parse(failure) as Partial<WireFailure>;
    return new RemoteError(String(parsed.class), String(parsed.module), String(parsed.message));
  } catch {
    return new RemoteError('RuntimeError', BUILTINS, failure);
  }
}
