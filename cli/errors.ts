/** Something the user can act on: the message goes to stderr as it is, the exit code is 1. */
export class CliError extends Error {
  override name = 'CliError';
}

/** The server refused a request. */
export class ApiError extends CliError {
  readonly status: number;
  /** Upstream's class name, `NetworkNotFound` …; empty when the answer was not Neutron's. */
  readonly type: string;

  constructor(details: { status: number; type: string; message: string; requestId: string | null }) {
    const { message, requestId } = details;
    super(requestId ? `${message}\nNeutron server returns request_ids: ['${requestId}']` : message);
    this.status = details.status;
    this.type = details.type;
  }
}
