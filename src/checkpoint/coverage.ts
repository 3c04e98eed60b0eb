import { z } from 'zod';

/**
 * The physical indexes that a resume point speaks for: all that ends at or before its LSN is durable in these, and in no
 * other. An index that was left for a while (another INDEX_PREFIX, another Elasticsearch, a definition that was taken
 * away) is not among them when it is found again.
 */
export const coverageSchema = z.object({
  /** The uuid of the Elasticsearch cluster. */
  cluster: z.string(),
  /** The uuids of the indexes. */
  indexes: z.array(z.string()),
});

export type Coverage = Readonly<z.output<typeof coverageSchema>>;

/** Of a slot that no index has followed yet, or of which nobody knows which have. */
export const nothingCovered: Coverage = { cluster: '', indexes: [] };

/** One index, and the cluster that it was found in. */
export interface FoundThere {
  readonly cluster: string;
  readonly uuid: string;
}

/**
 * Whether an index has received everything up to the resume point.
 *
 * | the resume point | the index | then |
 * |---|---|---|
 * | was stored before it named indexes | any | covered: that version followed whatever it found |
 * | names another cluster | any | not covered: a cluster whose uuid has changed may have lost writes |
 * | names this cluster | is named | covered |
 * | names this cluster | is not named | not covered: each of its documents has to be read again |
 */
export function isCovered(coverage: Coverage | null, { cluster, uuid }: FoundThere): boolean {
  if (!coverage) return true;
  return coverage.cluster === cluster && coverage.indexes.includes(uuid);
}
