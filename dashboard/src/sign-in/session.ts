import { useSyncExternalStore } from 'react';
import { apiBase, ask, setCredentials } from '../api/client.ts';
import { queryClient } from '../api/queries.ts';
import { Identity, type Password, type Session } from './identity.ts';

/** How one signs in, and who has. */
export type SignInState =
  | { readonly how: 'unknown' }
  /** Nobody signs in: the server knows no users. */
  | { readonly how: 'none' }
  /** Signed in with the server's one token, or not yet. */
  | { readonly how: 'token'; readonly token: string | null; readonly wasRefused: boolean }
  | { readonly how: 'keystone'; readonly session: Session | null; readonly isOver: boolean };

let state: SignInState = { how: 'unknown' };
let ending: ReturnType<typeof setTimeout> | null = null;
const listeners = new Set<() => void>();
const identity = () => new Identity(`${apiBase()}/dashboard`);
/** The longest time that browsers can wait at once. */
const MOST_MS = 2 ** 31 - 1;

export function useSignIn(): SignInState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** A session lives in memory only: a page that is loaded anew asks again. Nothing of the last one stays to be seen. */
function become(next: SignInState): void {
  state = next;
  if (ending !== null) clearTimeout(ending);
  ending = null;
  const token = tokenOf(next);
  setCredentials(token === null ? {} : { 'X-Auth-Token': token }, isOver);
  queryClient.clear();
  if (next.how === 'keystone' && next.session !== null) {
    ending = setTimeout(isOver, Math.min(Math.max(next.session.untilMs - Date.now(), 0), MOST_MS));
  }
  for (const listener of listeners) listener();
}

/** Of who is signed in; null without one. */
export function tokenOf(of: SignInState): string | null {
  if (of.how === 'token') return of.token;
  return of.how === 'keystone' ? (of.session?.token ?? null) : null;
}

/** The server no longer takes the token. */
function isOver(): void {
  if (tokenOf(state) === null) return;
  if (state.how === 'token') become({ how: 'token', token: null, wasRefused: true });
  else become({ how: 'keystone', session: null, isOver: true });
}

/** Asks the server how one signs in. @throws ApiError when it does not answer */
export async function findOut(): Promise<void> {
  const { body } = await ask<{ sign_in: 'none' | 'token' | 'keystone' }>('GET', '/dashboard/config.json');
  if (body.sign_in === 'keystone') become({ how: 'keystone', session: null, isOver: false });
  else if (body.sign_in === 'token') become({ how: 'token', token: null, wasRefused: false });
  else become({ how: 'none' });
}

export function enterToken(token: string): void {
  become({ how: 'token', token, wasRefused: false });
}

/** @returns false when the user has no project @throws ApiError */
export async function enterPassword(password: Password): Promise<boolean> {
  const session = await identity().signIn(password);
  if (session !== null) become({ how: 'keystone', session, isOver: false });
  return session !== null;
}

/** @throws ApiError */
export async function changeProject(id: string): Promise<void> {
  if (state.how !== 'keystone' || state.session === null) return;
  const session = await identity().change(state.session, id);
  if (session !== null) become({ how: 'keystone', session, isOver: false });
}

export function leave(): void {
  if (state.how === 'token') become({ how: 'token', token: null, wasRefused: false });
  if (state.how !== 'keystone') return;
  const { session } = state;
  become({ how: 'keystone', session: null, isOver: false });
  if (session !== null) void identity().signOut(session);
}
