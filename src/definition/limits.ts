import type { PlainIssue } from './issues.ts';
import { flattenSettings } from './index-settings.ts';
import type { DefinitionSpec } from './schema.ts';

/**
 * Names that Elasticsearch keeps for itself at the top of a document. Some of them it refuses, of some it makes something
 * else (`_doc_count` counts a document several times).
 * https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/document-metadata-fields
 */
const RESERVED: ReadonlySet<string> = new Set([
  '_id',
  '_index',
  '_source',
  '_routing',
  '_ignored',
  '_ignored_source',
  '_field_names',
  '_seq_no',
  '_primary_term',
  '_version',
  '_tier',
  '_size',
  '_doc_count',
  '_feature',
  '_nested_path',
  '_inference_fields',
  '_data_stream_timestamp',
  '_tsid',
  '_ts_routing_hash',
  '_recovery_source',
  '_tombstone',
  '__soft_deletes',
]);

/** Blocks with which an index takes no documents, or none of its own settings. */
const BLOCKS = /^index\.blocks\.(read_only|read_only_allow_delete|write|metadata)$/;

/** What a well-formed definition asks for that no index of ours can have. */
export function specIssues({ fields, settings, mappings }: DefinitionSpec): PlainIssue[] {
  const issues: PlainIssue[] = Object.keys(fields)
    .filter((name) => RESERVED.has(name))
    .map((name) => ({
      path: ['fields', name],
      message: `Elasticsearch keeps the name ${name} at the top of a document for itself`,
    }));
  for (const [name, value] of Object.entries(flattenSettings(settings))) {
    const message =
      BLOCKS.test(name) && String(value) === 'true'
        ? `with ${name} the index could not be filled`
        : name === 'index.mode' && value === 'time_series'
          ? 'in the mode time_series documents have no ids of their own'
          : null;
    if (message !== null) issues.push({ path: pathOfSetting(settings, name), message });
  }
  const routing = mappings['_routing'];
  const isRouted =
    typeof routing === 'object' && routing !== null && 'required' in routing && routing['required'];
  if (isRouted === true || isRouted === 'true')
    issues.push({ path: ['mappings', '_routing', 'required'], message: 'the documents have no routing' });
  return issues;
}

/** Where a setting stands, whichever of the accepted nestings it was written in. */
function pathOfSetting(settings: DefinitionSpec['settings'], name: string): string[] {
  const find = (node: unknown, path: readonly string[]): string[] | null => {
    const full = path.join('.');
    if (full === name || `index.${full}` === name) return ['settings', ...path];
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return null;
    for (const [key, child] of Object.entries(node)) {
      const found = find(child, [...path, key]);
      if (found) return found;
    }
    return null;
  };
  return find(settings, []) ?? ['settings'];
}
