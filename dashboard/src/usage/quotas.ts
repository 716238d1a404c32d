/** `GET /v2.0/quotas/{project}/details`, of one resource. */
export interface Use {
  /** -1: none. */
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
}

export type QuotaDetails = Readonly<Record<string, Use>>;

export interface QuotaLine {
  readonly resource: string;
  readonly used: number;
  /** Null: there is none. */
  readonly limit: number | null;
  /** 0 to 1, and above where a limit was lowered; null without a limit. */
  readonly share: number | null;
}

/** What is nearest to its limit first; what has none by how much there is. */
export function quotaLines(details: QuotaDetails): QuotaLine[] {
  return Object.entries(details)
    .map(([resource, { limit, used, reserved }]): QuotaLine => {
      const taken = used + reserved;
      if (limit < 0) return { resource, used: taken, limit: null, share: null };
      return { resource, used: taken, limit, share: limit === 0 ? (taken > 0 ? 1 : 0) : taken / limit };
    })
    .toSorted((a, b) => (b.share ?? -1) - (a.share ?? -1) || b.used - a.used || a.resource.localeCompare(b.resource));
}

/** How much room there is, in three steps. */
export type Room = 'enough' | 'little' | 'none';

export function roomOf(share: number | null): Room {
  if (share === null || share < 0.8) return 'enough';
  return share < 1 ? 'little' : 'none';
}
