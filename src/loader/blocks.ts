import type { Elasticsearch } from '../servers/elasticsearch.ts';

/** What keeps an index from taking writes, as its settings say. */
const BLOCKS: Readonly<Record<string, string>> = {
  'index.blocks.read_only_allow_delete': 'read-only, as a full disk makes it',
  'index.blocks.read_only': 'read-only',
  'index.blocks.write': 'blocked for writes',
  'index.verified_before_close': 'closed',
};

/**
 * Of these physical indexes, those that take no writes, each with why. Asks Elasticsearch in any case, for itself where
 * there are no indexes yet.
 * https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-block
 */
export async function readBlocks(
  client: Elasticsearch,
  physicals: readonly string[],
): Promise<Record<string, string>> {
  if (physicals.length === 0) {
    await client.info();
    return {};
  }
  const found = await client.indices.getSettings({
    index: [...physicals],
    name: Object.keys(BLOCKS),
    flat_settings: true,
    expand_wildcards: 'all',
    ignore_unavailable: true,
  });
  const blocked = Object.entries(found).flatMap(([physical, { settings = {} }]) => {
    const flat = settings as Readonly<Record<string, unknown>>;
    const why = Object.entries(BLOCKS).flatMap(([name, meaning]) => (flat[name] === 'true' ? [meaning] : []));
    return why.length > 0 ? [[physical, why.join(', ')] as const] : [];
  });
  return Object.fromEntries(blocked);
}
