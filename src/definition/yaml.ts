import { isUtf8 } from 'node:buffer';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { SpecPath } from './issues.ts';

/** Counted from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** The content of a YAML file. */
export interface YamlFile {
  /** As JSON would have it; of no use where there are problems. */
  readonly value: unknown;
  readonly problems: readonly (Place & { readonly message: string })[];
  /** Where the key that leads to a node stands (or the node, in a list), or that of the nearest node above it. */
  readonly locate: (path: SpecPath) => Place;
}

/** Reads a YAML file, in a time that goes with its size. What is not UTF-8, or no JSON could hold, is a problem. */
export function parseYaml(content: Uint8Array | string): YamlFile {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
  // Whether keys are unique is looked at below: the parser would compare each of them with all before it.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const faults: Fault[] = [];
  if (typeof content !== 'string' && !isUtf8(content))
    faults.push({ offset: Math.max(0, text.indexOf('\uFFFD')), message: 'this is not UTF-8 text' });
  else
    for (const { pos, code, message } of [...document.errors, ...document.warnings])
      faults.push({
        offset: pos[0],
        message:
          code === 'MULTIPLE_DOCS'
            ? 'another document begins here: a file has one definition'
            : message
                .replace(/ at line \d+, column \d+:[^]*$/, '')
                .replace('Maximum call stack size exceeded', 'this is nested too deep'),
      });
  const root = faults.length > 0 ? NOTHING : readNode(document.contents, faults);
  return {
    value: root.value,
    problems: faults.map(({ offset, message }) => ({ ...place(offset), message })),
    locate(path) {
      let at = root;
      for (const key of path) {
        const child = at.children.get(String(key));
        if (!child) break;
        at = child;
      }
      return place(at.offset);
    },
  };
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** A node as it has been read. */
interface ReadNode {
  readonly value: unknown;
  /** Of the key that leads to it; in a list, of itself. */
  readonly offset: number;
  readonly children: ReadonlyMap<string, ReadNode>;
  /** How many values it has, aliases counted as what they stand for. */
  readonly size: number;
}

const NOTHING: ReadNode = { value: null, offset: 0, children: new Map(), size: 1 };

/** Deeper than any definition, and less deep than whatever reads it can follow. */
const DEEPEST = 100;
/** More than any definition has. */
const MOST_VALUES = 1_000_000;

/** Reads a node with all below it, each once. What is wrong is pushed onto `faults`. */
function readNode(contents: unknown, faults: Fault[]): ReadNode {
  /** What the anchors stand for, so far; null while it is being read. */
  const anchors = new Map<string, ReadNode | null>();
  const state = { isTooLarge: false };

  const read = (node: unknown, offset: number, depth: number): ReadNode => {
    const fail = (message: string): ReadNode => {
      faults.push({ offset: offsetOf(node, offset), message });
      return { ...NOTHING, offset };
    };
    if (depth > DEEPEST) return fail(`this is nested more than ${DEEPEST} deep`);
    if (isAlias(node)) {
      const found = anchors.get(node.source);
      if (found === undefined) return fail(`there is no anchor &${node.source} before this alias`);
      if (found === null) return fail(`the alias *${node.source} is inside of what it stands for`);
      return { ...found, offset };
    }
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, null);
    const done = readContent(node, offset, depth, fail);
    if (anchor !== undefined) anchors.set(anchor, done);
    if (done.size > MOST_VALUES && !state.isTooLarge) {
      state.isTooLarge = true;
      fail(`with its aliases this is more than ${MOST_VALUES.toLocaleString('en')} values`);
    }
    return done;
  };

  const readContent = (
    node: unknown,
    offset: number,
    depth: number,
    fail: (message: string) => ReadNode,
  ): ReadNode => {
    const children = new Map<string, ReadNode>();
    const sizeOf = (): number => [...children.values()].reduce((sum, { size }) => sum + size, 1);
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const at = offsetOf(key, offset);
        const name = isScalar(key) ? String(key.value) : null;
        const fault = name === null ? 'a key is a single value' : keyFault(name, children);
        if (fault !== null) faults.push({ offset: at, message: fault });
        else if (name !== null) children.set(name, read(value, at, depth + 1));
      }
      const value = Object.fromEntries([...children].map(([name, child]) => [name, child.value]));
      return { value, offset, children, size: sizeOf() };
    }
    if (isSeq(node)) {
      for (const [position, item] of node.items.entries())
        children.set(String(position), read(item, offsetOf(item, offset), depth + 1));
      const value = [...children.values()].map((child) => child.value);
      return { value, offset, children, size: sizeOf() };
    }
    const value = isScalar(node) ? node.value : null;
    if (typeof value === 'number' && !Number.isFinite(value)) return fail('this is no number that JSON has');
    if (typeof value === 'string' && textFault(value)) return fail('this is no text that Postgres can take');
    return { value, offset, children, size: 1 };
  };
  return read(contents, 0, 0);
}

function keyFault(name: string, before: ReadonlyMap<string, unknown>): string | null {
  if (name === '__proto__') return '`__proto__` cannot be a name';
  if (name === '<<') return '`<<` merges nothing in YAML 1.2: write the keys themselves';
  if (textFault(name)) return 'this is no text that Postgres can take';
  return before.has(name) ? 'Map keys must be unique' : null;
}

/** A null character, or half of a surrogate pair. */
function textFault(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}

function offsetOf(node: unknown, otherwise: number): number {
  const { range } = (node ?? {}) as { range?: readonly number[] | null };
  return range?.[0] ?? otherwise;
}
