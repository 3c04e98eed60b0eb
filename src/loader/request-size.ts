/** How large a bulk request may be: as large as was set, less where Elasticsearch or the way to it bears only less. */
export interface RequestSize {
  /** In bytes of body. */
  readonly maxBytes: number;
  /** Elasticsearch had no room for a request of so many bytes, or did not answer it in time. */
  refused(bytes: number): void;
  /** A request of so many bytes went well. */
  taken(bytes: number): void;
}

const GROWTH = 1.1;
/** Where not even this part of the limit is taken, it is not for the size. */
const LEAST = 1 / 64;

/**
 * Begins at the limit. Half of what was refused is tried next; what is taken although it was about as large as allowed
 * lets the next one be a tenth larger.
 */
export function createRequestSize(limit: number): RequestSize {
  const least = Math.ceil(limit * LEAST);
  let maxBytes = limit;
  return {
    get maxBytes() {
      return maxBytes;
    },
    refused(bytes) {
      maxBytes = Math.min(maxBytes, Math.max(least, Math.ceil(bytes / 2)));
    },
    taken(bytes) {
      if (bytes * 2 >= maxBytes) maxBytes = Math.min(limit, Math.ceil(maxBytes * GROWTH));
    },
  };
}
