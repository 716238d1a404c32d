import type { IncomingHttpHeaders } from 'node:http';
import { defineErrors } from '../../lib/errors.ts';
import { parseBody } from '../body.ts';
import { apiErrors, badRequest } from '../errors.ts';
import { loopbackGuard } from '../guard.ts';
import type { PageAnswer } from './answers.ts';
import { commonHeaders } from './headers.ts';

/** What is passed on to Keystone, and nothing else is. */
export interface IdentityQuestion {
  readonly method: 'POST' | 'DELETE' | 'GET';
  readonly path: '/auth/tokens' | '/auth/projects';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface IdentityAnswer {
  readonly status: number;
  /** Of the token that was given, if one was. */
  readonly token: string | null;
  /** JSON; null without one. */
  readonly body: unknown;
}

/** Asks Keystone on behalf of a browser. @throws when it cannot be reached */
export type AskIdentity = (question: IdentityQuestion) => Promise<IdentityAnswer>;

const errors = defineErrors({
  IdentityUnavailable: ['unavailable', 'Keystone does not answer at this moment; try again.'],
  TooManySignIns: ['unavailable', 'Too many sign-ins are under way; try again.'],
});

/** The largest body that somebody signs in with. */
const MOST_BYTES = 16 * 1024;
/** Questions to Keystone at a time: who floods this does not hold up the checks of tokens for long. */
const MOST_UNDER_WAY = 32;
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** From pages of our own only, and JSON only: no form and no page of somebody else's asks in the name of a user. */
const ownPagesOnly = loopbackGuard(null);

interface SignInRequest {
  readonly method: string;
  readonly name: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array | undefined;
}

/**
 * The way of a browser to Keystone. Keystone's own address need not be one that the browser reaches, and it allows no page
 * of another origin to ask unless its operator says so; a question that goes to where the page came from needs neither.
 * Three questions are passed on: a token for a password, an application credential or another token; the end of a token;
 * the projects of its user. Nothing of them is logged or kept.
 */
export class SignIn {
  readonly #ask: AskIdentity;
  #underWay = 0;

  constructor(ask: AskIdentity) {
    this.#ask = ask;
  }

  /** @returns null where there is nothing of that name @throws NeutronError */
  async answer({ method, name, headers, body }: SignInRequest): Promise<PageAnswer | null> {
    if (name !== 'auth/tokens' && name !== 'auth/projects') return null;
    ownPagesOnly(headers, body !== undefined && body.length > 0);
    // What old browsers do not send cannot be asked for.
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin') {
      throw apiErrors.HTTPForbidden({ message: 'Requests from other pages are not accepted.' });
    }
    if ((body?.length ?? 0) > MOST_BYTES) throw apiErrors.HTTPRequestEntityTooLarge();
    return this.#pass(questionOf(method, name, headers, body));
  }

  async #pass(question: IdentityQuestion): Promise<PageAnswer> {
    if (this.#underWay >= MOST_UNDER_WAY) throw errors.TooManySignIns();
    this.#underWay++;
    try {
      const answer = await this.#ask(question).catch((cause) => {
        throw errors.IdentityUnavailable({}, cause);
      });
      // Keystone is broken, or something in between says so: no more than that is the browser's business.
      if (answer.status >= 500 || answer.status < 200 || (answer.status >= 300 && answer.status < 400)) {
        throw errors.IdentityUnavailable();
      }
      const token: Record<string, string> = answer.token === null ? {} : { 'X-Subject-Token': answer.token };
      return {
        status: answer.status,
        headers: { ...commonHeaders, 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...token },
        body: answer.body === null || answer.status === 204 ? '' : JSON.stringify(answer.body),
      };
    } finally {
      this.#underWay--;
    }
  }
}

function questionOf(
  method: string,
  name: string,
  headers: IncomingHttpHeaders,
  body: Uint8Array | undefined,
): IdentityQuestion {
  if (name === 'auth/projects') {
    if (method !== 'GET') throw apiErrors.HTTPMethodNotAllowed();
    return { method, path: '/auth/projects', headers: { 'X-Auth-Token': tokenIn(headers['x-auth-token']) } };
  }
  if (method === 'DELETE') {
    const given = { 'X-Auth-Token': tokenIn(headers['x-auth-token']) };
    const ended = { 'X-Subject-Token': tokenIn(headers['x-subject-token']) };
    return { method, path: '/auth/tokens', headers: { ...given, ...ended } };
  }
  if (method !== 'POST') throw apiErrors.HTTPMethodNotAllowed();
  const { auth } = parseBody(body ?? null);
  if (typeof auth !== 'object' || auth === null) throw badRequest('The body must hold auth.');
  return { method, path: '/auth/tokens', headers: {}, body: { auth } };
}

function tokenIn(header: string | string[] | undefined): string {
  if (typeof header !== 'string' || !TOKEN.test(header)) throw badRequest('A token is needed.');
  return header;
}
