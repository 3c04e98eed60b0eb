import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { preparePlan } from '../../src/definition/prepare.ts';
import type { IndexPlan } from '../../src/definition/plan.ts';
import { bulkBody, indexItem, takeBySize } from '../../src/loader/bulk.ts';
import type { PreparedQuery } from '../../src/resolver/keys.ts';
import { resolve } from '../../src/resolver/resolver.ts';
import { pages } from '../../src/router/pages.ts';
import { withClient } from '../../src/servers/postgres.ts';
import { keyToId } from '../../src/shared/document-key.ts';
import type { Bed } from './bed.ts';

/** An index's documents, read beforehand as the service reads them. */
export interface PreparedDocuments {
  readonly index: IndexPlan;
  readonly count: number;
  /** The lines of bulk requests: two for each document. */
  readonly file: string;
  readonly bytes: number;
}

const PAGE = 1_000;
const MAX_BYTES = 64 * 2 ** 20;
/** Any: the ceiling's indexes are new ones. */
const VERSION = 1n;

/** Reads every document of an index into a file of the bed's. */
export async function prepareDocuments(bed: Bed, name: string): Promise<PreparedDocuments> {
  return withClient(bed.adminUrl, 'projector bench', async (client) => {
    const plan = await preparePlan(client, bed.env['DEFINITIONS_DIR'] ?? '');
    const index = plan.indexes.find((candidate) => candidate.name === name);
    if (!index) throw new Error(`there is no index ${name}`);
    const query = async (text: string, values: readonly unknown[]): Promise<string[][]> =>
      (await client.query<string[]>({ text, values: [...values], rowMode: 'array' })).rows;
    const prepared: PreparedQuery = (_name, text, values) => query(text, values);

    const file = join(bed.folder, `${name}.bulk`);
    const output = createWriteStream(file);
    let count = 0;
    let bytes = 0;
    for await (const keys of pages(query, index.keyPages, { pageSize: PAGE })) {
      const { documents, unread } = await resolve(prepared, index, keys.map(keyToId), MAX_BYTES);
      if (unread.length > 0) throw new Error('the documents are too large to be prepared');
      const request = takeBySize(
        documents.map((document) => indexItem(document, VERSION)),
        Infinity,
      );
      output.write(bulkBody(request));
      count += documents.length;
      bytes += request.bytes;
    }
    output.end();
    await finished(output);
    return { index, count, file, bytes };
  });
}
