import type { Resolved } from '../resolver/resolver.ts';
import { canHaveDocument } from '../shared/document-key.ts';
import type { Lsn } from '../shared/lsn.ts';
import { deleteItem, indexItem, type Refusal } from './bulk.ts';
import type { Deliver } from './delivery.ts';

/** A document that Elasticsearch refuses for its own content, or that cannot be made of its row (status 0). */
export interface RefusedDocument extends Refusal {
  readonly id: string;
}

export interface LoadResult {
  readonly accepted: number;
  readonly superseded: number;
  readonly refused: readonly RefusedDocument[];
  /** Ids whose prepared write grew too old while Elasticsearch did not take it: they have to be read again. */
  readonly expired: readonly string[];
}

export interface Write {
  readonly writeAlias: string;
  /** What the documents were read as. */
  readonly resolved: Resolved;
  /** All commits with end LSN ≤ this were visible to the read. */
  readonly version: Lsn;
  /** When the read began, on the delivery's clock. */
  readonly readAtMs: number;
}

export type Loader = (write: Write) => Promise<LoadResult>;

/** Writes documents and deletions. What cannot be made is refused unsent, and the index keeps what it has of it. */
export function createLoader(deliver: Deliver): Loader {
  return async ({ writeAlias, resolved, version, readAtMs }) => {
    const refused: RefusedDocument[] = resolved.unmade.map((document) => ({ ...document, status: 0 }));
    const missing = resolved.missing.filter(canHaveDocument);
    let accepted = resolved.missing.length - missing.length;
    let superseded = 0;
    const items = [
      ...resolved.documents.map((document) => indexItem(document, version)),
      ...missing.map((id) => deleteItem(id, version)),
    ];
    const expired = await deliver(writeAlias, items, readAtMs, ({ id }, outcome) => {
      if (outcome.kind === 'refused') refused.push({ id, ...outcome.refusal });
      else if (outcome.kind === 'superseded') superseded++;
      else accepted++;
    });
    return { accepted, superseded, refused, expired: expired.map(({ id }) => id) };
  };
}
