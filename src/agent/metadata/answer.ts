/** What a guest asked: nothing of its headers, which are not trusted. */
export interface GuestRequest {
  method: string;
  /** Path and query as sent. */
  url: string;
  body: Buffer;
}

/** What it gets. */
export interface GuestAnswer {
  status: number;
  contentType: string;
  body: Buffer | string;
}

const texts: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export function textAnswer(body: string): GuestAnswer {
  return { status: 200, contentType: 'text/plain; charset=UTF-8', body };
}

export function jsonAnswer(value: unknown): GuestAnswer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) };
}

/** A bare status, without anything a guest could learn from. */
export function statusAnswer(status: number): GuestAnswer {
  return { status, contentType: 'text/plain; charset=UTF-8', body: `${status} ${texts[status] ?? ''}\n` };
}
