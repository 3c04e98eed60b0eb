import type { ElasticsearchFailure } from '../servers/elasticsearch.ts';

const MAX_LENGTH = 500;

/** `failed to parse field [rating] of type [float]`, or `failed to parse`, and what may follow. */
const PARSING = /^(failed to parse(?: field \[[^\]]*\] of type \[[^\]]*\])?)(?::\s*(.*))?$/s;

/**
 * Why Elasticsearch refuses a document, in its own words, without those that it quotes of the document: field names,
 * types and limits stay, values do not.
 */
export function describeFailure({ reason = '', caused_by: cause }: ElasticsearchFailure): string {
  const plain = reason
    .replace(/^\[\d+:\d+\] /, '')
    .replace(/ in document with id '.*/s, '')
    .replace(/\.? Preview of field's value: .*/s, '')
    .replace(/\s*(at )?\[Source: .*/s, '')
    .replace(/ The prefix of the first immense term .*/s, '');
  const [, what, detail = cause?.reason] = PARSING.exec(plain) ?? [];
  const described = what === undefined ? plain : detail ? `${what}: ${withoutValues(detail)}` : what;
  return described.length > MAX_LENGTH ? `${described.slice(0, MAX_LENGTH)}…` : described;
}

/** A parser quotes the value that it could not parse, in whatever brackets. */
function withoutValues(detail: string): string {
  if (detail.startsWith('Limit of')) return detail;
  const words = detail.replace(/^\[\d+:\d+\] /, '');
  const quoted = words.search(/["'[({]/);
  return quoted === -1 ? words : `${words.slice(0, quoted)}…`;
}
