export { findGuest, Guest, plugGuest } from '../../src/onehost/emulated/guest.ts';
export type { Lease } from '../../src/onehost/lease.ts';
