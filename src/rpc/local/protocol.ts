/** Said in hello and welcome; another number is refused. */
export const PROTOCOL = 1;

/** A side that reads so slowly that this much waits for it is cut off; it comes back and does a full sync. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
