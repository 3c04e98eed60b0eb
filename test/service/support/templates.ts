import assert from 'node:assert/strict';
import type { Setting } from './setting.ts';

/** Asks Elasticsearch, and gives its answer. */
export async function askElasticsearch(
  { database }: Pick<Setting, 'database'>,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${database.elasticsearchUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${text}`);
  return JSON.parse(text);
}

/** An index template of the cluster, for the indexes of one setting, or those that begin so. Disposing removes it. */
export interface ClusterTemplate extends AsyncDisposable {
  readonly name: string;
  /** Makes it, or makes it another. */
  put(content: object): Promise<void>;
  remove(): Promise<void>;
}

export function clusterTemplate(
  setting: Setting,
  begin = '',
  kind: '_index_template' | '_template' = '_index_template',
): ClusterTemplate {
  const name = `${setting.database.name}-template`;
  const remove = async (): Promise<void> => {
    await fetch(`${setting.database.elasticsearchUrl}/${kind}/${name}`, { method: 'DELETE' });
  };
  return {
    name,
    async put(content) {
      const patterns = { index_patterns: [`${setting.database.indexPrefix}${begin}*`] };
      const strong = kind === '_index_template' ? { priority: 500 } : { order: 5 };
      await askElasticsearch(setting, 'PUT', `/${kind}/${name}`, { ...patterns, ...strong, ...content });
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** Settings of an index, by their full names. */
export async function settingsOf(
  setting: Setting,
  physical: string,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await askElasticsearch(setting, 'GET', `/${physical}/_settings?flat_settings=true`);
  const [found] = Object.values(answer as Record<string, { settings: Record<string, unknown> }>);
  return found?.settings ?? {};
}
