const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** A piece of JSON text that was left as it is written. */
export interface RawMembers {
  /** The text of each member's value, by the member's name. */
  readonly members: ReadonlyMap<string, string>;
  /** The position behind the object. */
  readonly end: number;
}

/** Takes the object that begins at a position of well-formed JSON apart, without parsing what its members are. */
export function readMembers(text: string, start: number): RawMembers {
  const members = new Map<string, string>();
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const from = skipSpace(text, nameEnd, COLON);
    const to = endOfValue(text, from);
    members.set(name, text.slice(from, to).trimEnd());
    at = skipSpace(text, to, COMMA);
  }
  return { members, end: at + 1 };
}

/** Where the next element of an array begins, from a position behind its bracket or an element; -1 at its end. */
export function nextElement(text: string, from: number): number {
  const at = skipSpace(text, from, COMMA);
  return at >= text.length || text.charCodeAt(at) === CLOSE_BRACKET ? -1 : at;
}

/** Skips white space, and one separator with what surrounds it. */
function skipSpace(text: string, from: number, separator?: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === separator) at++;
  return at;
}

/** A value ends before the comma or bracket that is not inside it. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at) - 1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return at;
        depth--;
        break;
      case COMMA:
        if (depth === 0) return at;
        break;
    }
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}
