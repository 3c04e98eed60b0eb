/** Settings with every name in its full dotted form, whichever of the accepted nestings they were written in. */
export function flattenSettings(
  settings: Readonly<Record<string, unknown>>,
): Record<string, string | number | undefined> {
  const flat: Record<string, unknown> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else flat[path.startsWith('index.') ? path : `index.${path}`] = value;
  };
  walk(settings, '');
  return flat as Record<string, string | number | undefined>;
}

/**
 * Whether a setting (in its full form) can be changed while the index is open.
 * https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules
 */
export function isLiveSetting(name: string): boolean {
  return LIVE.test(name);
}

const LIVE =
  /^index\.(number_of_replicas|auto_expand_replicas|refresh_interval|search\.idle\.after|max_(result_window|inner_result_window|rescore_window|docvalue_fields_search|script_fields|refresh_listeners|terms_count|regex_length)|analyze\.max_token_count|highlight\.max_analyzed_offset|query\.default_field|mapping\.[a-z_]+\.limit|routing\.(allocation|rebalance)\..*|blocks\..*|(search|indexing)\.slowlog\..*|translog\.(durability|sync_interval|flush_threshold_size)|default_pipeline|final_pipeline|priority)$/;
