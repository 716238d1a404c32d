export { findGuest, Guest, type Lease, plugGuest } from '../../src/onehost/emulated/guest.ts';
