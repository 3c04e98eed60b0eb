import type { SpecPath } from '../definition/issues.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { formatLocation } from '../definition/problems.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { ElasticsearchFailure } from '../servers/elasticsearch.ts';

/** Why Elasticsearch refuses an index, in its own words: the innermost cause, without what only wraps it. */
export function deepestReason(failure: ElasticsearchFailure): string {
  let innermost = failure;
  while (innermost.caused_by?.reason !== undefined) innermost = innermost.caused_by;
  return (innermost.reason ?? 'it gives no reason')
    .replace(/^index_template \[.*?\] invalid, cause \[(.*)\]$/s, '$1')
    .replace(/^Validation Failed: 1: (.*?);?$/s, '$1')
    .replace(/^Failed to parse mapping: /, '');
}

/** The error for an index that a template of the cluster stands in the way of. */
export function templateInTheWay(
  { alias }: Pick<IndexPlan, 'alias'>,
  templates: readonly string[],
  reason: string,
): ProjectorError {
  const names = templates.length === 1 ? `template ${templates[0]}` : `templates ${templates.join(', ')}`;
  return new ProjectorError(
    'PROJ_INDEX_REFUSED',
    `the cluster's index ${names} stands in the way of the index ${alias}: ${reason}`,
    'Change the template, or have its index_patterns leave the indexes of this service out.',
  );
}

/** The error for a definition whose settings or mappings Elasticsearch refuses, with the place in its file. */
export function definitionRefused(index: IndexPlan, reason: string): ProjectorError {
  const { alias, definition, locate } = index;
  const path = placeOf(definition, reason);
  const at = locate(path);
  return new ProjectorError(
    'PROJ_INDEX_REFUSED',
    `${formatLocation(at)}: Elasticsearch refuses the index ${alias}: ${reason}`,
    `Correct the settings or mappings in ${at.file}.`,
  );
}

/**
 * What in a definition's settings or mappings a reason is about, going by the names and values that it has in brackets:
 * the node on whose way most of them stand, those that the reason has first counting most.
 */
export function placeOf(
  { settings, mappings }: Pick<IndexPlan, 'settings' | 'mappings'>,
  reason: string,
): SpecPath {
  // A number may stand anywhere.
  const named = [...reason.matchAll(/\[([^[\]]*[^[\]\d][^[\]]*)\]/g)].map(([, name = '']) => name);
  const best: { path: SpecPath; score: number } = {
    path: /mapping|field|mapper/i.test(reason) ? ['mappings'] : ['settings'],
    score: 0,
  };
  const scoreOf = (words: ReadonlySet<string>): number =>
    named.reduce((sum, name, position) => sum + (words.has(name) ? 2 ** (named.length - position) : 0), 0);
  const walk = (node: unknown, path: SpecPath, words: ReadonlySet<string>): void => {
    const score = scoreOf(typeof node === 'string' ? new Set([...words, node]) : words);
    if (score > best.score) Object.assign(best, { path, score });
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      const next = [...path, Array.isArray(node) ? Number(key) : key];
      walk(child, next, new Set([...words, key, ...dottedNames(next)]));
    }
  };
  walk(settings, ['settings'], new Set());
  walk(mappings, ['mappings'], new Set());
  return best.path;
}

/** What Elasticsearch calls a node: a setting by its full name, a field by the way to it. */
function dottedNames([top, ...path]: SpecPath): string[] {
  if (top === 'settings') {
    const name = path.join('.');
    return [name, `index.${name}`];
  }
  return [
    path.filter((key, position) => position % 2 === 1 || !/^(properties|fields)$/.test(`${key}`)).join('.'),
  ];
}
