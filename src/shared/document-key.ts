/**
 * A document's id in Elasticsearch is the text of its root row's primary key. The parts of a composite key are joined
 * with `:`; a `:` or `%` inside a part is percent-encoded, so that the id can be taken apart again. A key of one
 * column is its text as it is.
 */
export function keyToId(parts: readonly string[]): string {
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return only;
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll(':', '%3A')).join(':');
}

/** https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-id-field */
const MAX_ID_BYTES = 512;

/** Whether Elasticsearch takes a document of this id. It refuses requests for the empty one, and has none of a longer one. */
export function canHaveDocument(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= MAX_ID_BYTES;
}

/** The inverse of `keyToId`: the key's parts, in the order of the key's columns. */
export function idToKey(id: string, columns: number): string[] {
  if (columns === 1) return [id];
  return id.split(':').map((part) => part.replaceAll('%3A', ':').replaceAll('%25', '%'));
}
