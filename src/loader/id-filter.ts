/** Remembers strings in one mebibyte, however many they are: what was added it always has, and now and then another. */
export interface IdFilter {
  add(id: string): void;
  mayHave(id: string): boolean;
  /** Whether nothing was ever added. */
  readonly isEmpty: boolean;
}

const BITS = 2 ** 23;

export function createIdFilter(): IdFilter {
  const bytes = new Uint8Array(BITS / 8);
  let isEmpty = true;
  return {
    add(id) {
      const bit = hash(id) % BITS;
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
      isEmpty = false;
    },
    mayHave(id) {
      const bit = hash(id) % BITS;
      return ((bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
    },
    get isEmpty() {
      return isEmpty;
    },
  };
}

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
