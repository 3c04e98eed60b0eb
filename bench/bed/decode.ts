import type { Bed } from './bed.ts';
import { runInChild } from './child.ts';

/** What the decoding process is told. */
export interface DecodeOrder {
  /** The service's settings. */
  readonly env: Readonly<Record<string, string>>;
  readonly slot: string;
  /** The LSN at which it has read enough. */
  readonly until: string;
}

/** What it answers. */
export interface DecodeResult {
  readonly changes: number;
  /** In all batches together. */
  readonly documents: number;
  readonly seconds: number;
}

/** Reads a slot up to an LSN as the service does, decodes, routes and batches, and neither reads nor writes a document. */
export async function decodeSlot({ env }: Bed, slot: string, until: string): Promise<DecodeResult> {
  const order: DecodeOrder = { env, slot, until };
  return (await runInChild('decode-process.ts', { ...order })) as DecodeResult;
}
