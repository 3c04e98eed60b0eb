/** How large a bulk request may be: as large as was set, less where Elasticsearch or the way to it bears only less. */
export interface RequestSize {
  /** In bytes of body. */
  readonly maxBytes: number;
  /** Elasticsearch had no room for a request of so many bytes. */
  refused(bytes: number): void;
  /** A request of so many bytes was not answered in time. */
  unanswered(bytes: number): void;
  /** A request of so many bytes went well. */
  taken(bytes: number): void;
}

const GROWTH = 1.1;
/** Where not even this part of the limit is taken, it is not for the size. */
const LEAST = 1 / 16;

/**
 * Begins at the limit. Half of what was refused is tried next; what is taken although it was about as large as allowed
 * lets the next one be a tenth larger. One request without an answer may be a lost one; two, with none of about that
 * size taken in between, were too large.
 */
export function createRequestSize(limit: number): RequestSize {
  const least = Math.ceil(limit * LEAST);
  let maxBytes = limit;
  let unansweredBytes: number | null = null;
  const refused = (bytes: number): void => {
    maxBytes = Math.min(maxBytes, Math.max(least, Math.ceil(bytes / 2)));
  };
  return {
    get maxBytes() {
      return maxBytes;
    },
    refused,
    unanswered(bytes) {
      if (unansweredBytes !== null) refused(Math.max(bytes, unansweredBytes));
      unansweredBytes = unansweredBytes === null ? bytes : null;
    },
    taken(bytes) {
      if (unansweredBytes !== null && bytes * 2 >= unansweredBytes) unansweredBytes = null;
      if (bytes * 2 >= maxBytes) maxBytes = Math.min(limit, Math.ceil(maxBytes * GROWTH));
    },
  };
}
