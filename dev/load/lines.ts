import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LoadError } from './load-error.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Reads a file of UTF-8 text line by line, gzipped (told by its first two bytes) or not. Throws `LoadError` if it
 * cannot be read to its end or a line is not UTF-8.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const bytes of splitLines(readBytes(path))) {
    number += 1;
    yield { number, text: decode(bytes, path, number) };
  }
}

async function* readBytes(path: string): AsyncGenerator<Buffer> {
  try {
    const isGzip = await startsAsGzip(path);
    const file = createReadStream(path);
    // The last stream of a pipeline fails when an earlier one does: whoever reads it hears of every error.
    const plain: Readable = isGzip ? pipeline(file, createGunzip(), () => undefined) : file;
    for await (const chunk of plain) yield chunk as Buffer;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new LoadError(`Cannot read ${path}: ${cause}`, { cause: error });
  }
}

/** https://www.rfc-editor.org/rfc/rfc1952#page-6 */
async function startsAsGzip(path: string): Promise<boolean> {
  await using file = await open(path);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
}

const newline = 0x0a;

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]);
      begun = [];
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}

/** The byte order mark that some editors put first is left out. */
function decode(bytes: Buffer, path: string, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new LoadError(`${path}, line ${line}: is not UTF-8.`, { cause: error });
  }
}
