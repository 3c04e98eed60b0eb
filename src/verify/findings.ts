/** How a document differs from its rows. */
export interface Drift {
  readonly kind: 'missing' | 'extra' | 'stale';
  readonly id: string;
  /** The names of the fields that differ, when it is stale. */
  readonly fields: readonly string[];
}

/** Documents of one kind: how many, and the first of them. */
export interface Listing {
  readonly count: number;
  readonly ids: readonly string[];
}

/** What the documents of one index were found to be. */
export interface Findings {
  /** Rows without their document. */
  readonly missing: Listing;
  /** Documents without a row. */
  readonly extra: Listing;
  /** Documents that differ from their rows, and for those that are listed, in which fields. */
  readonly stale: Listing & { readonly fields: Readonly<Record<string, readonly string[]>> };
  /** Documents that differ because Elasticsearch refuses what the rows make them: known, and no drift. */
  readonly deadLettered: Listing;
  /** Documents that were written anew between any two looks, so that none of them could say. */
  readonly unsettled: Listing;
  /** Of those that are missing, extra or stale: how many were mended. */
  readonly mended: number;
  /** Those that were to be mended, and still differ. */
  readonly left: Listing;
}

/** So many ids of a kind are listed; of the others, only the number is kept. */
const LISTED = 10_000;

const nothing: Listing = { count: 0, ids: [] };

export const noFindings: Findings = {
  missing: nothing,
  extra: nothing,
  stale: { ...nothing, fields: {} },
  deadLettered: nothing,
  unsettled: nothing,
  mended: 0,
  left: nothing,
};

export function findingsOf(found: {
  readonly drifting?: readonly Drift[];
  readonly deadLettered?: readonly string[];
  readonly unsettled?: readonly string[];
  readonly mended?: number;
  readonly left?: readonly string[];
}): Findings {
  const { drifting = [], deadLettered = [], unsettled = [], mended = 0, left = [] } = found;
  const listing = (ids: readonly string[]): Listing => ({ count: ids.length, ids: ids.slice(0, LISTED) });
  const ofKind = (kind: Drift['kind']): Drift[] => drifting.filter((drift) => drift.kind === kind);
  const idsOf = (kind: Drift['kind']): string[] => ofKind(kind).map(({ id }) => id);
  return {
    missing: listing(idsOf('missing')),
    extra: listing(idsOf('extra')),
    stale: {
      ...listing(idsOf('stale')),
      fields: Object.fromEntries(
        ofKind('stale')
          .slice(0, LISTED)
          .map(({ id, fields }) => [id, fields]),
      ),
    },
    deadLettered: listing(deadLettered),
    unsettled: listing(unsettled),
    mended,
    left: listing(left),
  };
}

/** What was found in two parts of an index together. */
export function together(a: Findings, b: Findings): Findings {
  const both = (one: Listing, other: Listing): Listing => ({
    count: one.count + other.count,
    ids: [...one.ids, ...other.ids].slice(0, LISTED),
  });
  const stale = both(a.stale, b.stale);
  const fields = { ...a.stale.fields, ...b.stale.fields };
  return {
    missing: both(a.missing, b.missing),
    extra: both(a.extra, b.extra),
    stale: { ...stale, fields: Object.fromEntries(stale.ids.map((id) => [id, fields[id] ?? []])) },
    deadLettered: both(a.deadLettered, b.deadLettered),
    unsettled: both(a.unsettled, b.unsettled),
    mended: a.mended + b.mended,
    left: both(a.left, b.left),
  };
}
