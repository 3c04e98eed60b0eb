/** A document's id on one line, and without what a terminal would obey. */
export function printable(id: string): string {
  return id === '' ? '""' : JSON.stringify(id).slice(1, -1);
}
