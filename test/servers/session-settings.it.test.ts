import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PINNED, PINNED_WHERE_KNOWN } from '../../src/servers/session-settings.ts';
import { createDatabase } from '../support/servers.ts';

/**
 * The settings that a role or a database may set and that are not pinned, by the reason why they need not be. They are
 * those of all versions since 14; one that a newer version brings belongs here, or among those that are pinned.
 */
const unpinned: Readonly<Record<string, string>> = {
  'How a plan is made and carried out: it gives the same rows by any, sooner or later.': `
    backend_flush_after constraint_exclusion cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction
    debug_discard_caches debug_logical_replication_streaming debug_parallel_query default_statistics_target
    effective_cache_size effective_io_concurrency enable_async_append enable_bitmapscan enable_distinct_reordering
    enable_gathermerge enable_group_by_reordering enable_hashagg enable_hashjoin enable_incremental_sort
    enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
    enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
    enable_partitionwise_join enable_presorted_aggregate enable_self_join_elimination enable_seqscan enable_sort
    enable_tidscan force_parallel_mode from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed
    geqo_selection_bias geqo_threshold hash_mem_multiplier ignore_system_indexes io_combine_limit jit jit_above_cost
    jit_expressions jit_inline_above_cost jit_optimize_above_cost jit_tuple_deforming join_collapse_limit
    logical_decoding_work_mem maintenance_io_concurrency max_parallel_workers max_parallel_workers_per_gather
    min_parallel_index_scan_size min_parallel_table_scan_size parallel_leader_participation parallel_setup_cost
    parallel_tuple_cost plan_cache_mode random_page_cost recursive_worktable_factor seq_page_cost
    stats_fetch_consistency synchronize_seqscans temp_buffers work_mem`,
  'What is about writing, which the service does not do, but for messages through the stream and the temporary copies.': `
    commit_delay commit_siblings createrole_self_grant default_toast_compression file_copy_method
    gin_pending_list_limit icu_validation_level maintenance_work_mem max_parallel_maintenance_workers
    check_function_bodies md5_password_warnings password_encryption scram_iterations synchronous_commit
    vacuum_buffer_usage_limit vacuum_cost_delay vacuum_cost_limit vacuum_cost_page_dirty vacuum_cost_page_hit
    vacuum_cost_page_miss vacuum_failsafe_age vacuum_freeze_min_age vacuum_freeze_table_age
    vacuum_max_eager_freeze_failure_rate vacuum_multixact_failsafe_age vacuum_multixact_freeze_min_age
    vacuum_multixact_freeze_table_age vacuum_truncate wal_skip_threshold`,
  'What Postgres writes into its own log, or sends as a notice, which the driver drops.': `
    client_min_messages debug_pretty_print debug_print_parse debug_print_plan debug_print_rewritten
    escape_string_warning log_parameter_max_length_on_error trace_notify trace_sort`,
  'When a connection that is dead already is noticed.': `
    client_connection_check_interval post_auth_delay tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval`,
  'The driver sends them with every connection, before anything else counts.':
    'application_name client_encoding',
  'Of one transaction: each begins with what the defaults say, which are pinned.': `
    transaction_deferrable transaction_isolation transaction_read_only`,
  'It can only forbid views and foreign tables, which no definition may read; older minor versions do not know it.':
    'restrict_nonsystem_relation_kind',
  'The stream asks for one that is long enough where the role has another (src/replication/stream.ts).':
    'wal_sender_timeout',
  "What money is worth is for the database's own to say: read by another, 100 yen would be 1 dollar. A role that has one of its own is refused.":
    'lc_monetary',
  'Libraries that the administrator has put on the server.': 'local_preload_libraries',
  'Of superusers, so the service cannot pin it: damaged pages are read as empty, as an administrator has told Postgres to.':
    'ignore_checksum_failure zero_damaged_pages',
  "Of superusers: it ends a statement, which is the administrator's limit (the service waits, and says so).":
    'temp_file_limit max_stack_depth',
  'Of superusers: the language of errors, by whose words nothing is decided.': 'lc_messages',
  'Of superusers, and of no consequence for what is read.': `
    allow_in_place_tablespaces allow_system_table_mods backtrace_functions compute_query_id deadlock_timeout
    dynamic_library_path event_triggers extension_control_path jit_debugging_support jit_dump_bitcode
    jit_profiling_support lo_compat_privileges log_connections log_disconnections log_duration log_error_verbosity
    log_executor_stats log_lock_failures log_lock_waits log_min_duration_sample log_min_duration_statement
    log_min_error_statement log_min_messages log_parameter_max_length log_parser_stats log_planner_stats
    log_replication_commands log_statement log_statement_sample_rate log_statement_stats log_temp_files
    log_transaction_sample_rate session_preload_libraries session_replication_role track_activities
    track_cost_delay_timing track_counts track_functions track_io_timing track_wal_io_timing update_process_title
    wal_compression wal_consistency_checking wal_init_zero wal_recycle`,
};

it('every setting that a role or a database may set is pinned, or cannot matter', async () => {
  await using database = await createDatabase({ schema: 'none' });
  await using client = await database.connect();
  // Those of extensions have a dot.
  const { rows } = await client.query<{ name: string }>(
    `select name from pg_settings
     where context in ('user', 'superuser', 'backend', 'superuser-backend') and name not like '%.%'`,
  );
  const names = new Set(rows.map(({ name }) => name));
  const pinned = [...Object.keys(PINNED), ...Object.keys(PINNED_WHERE_KNOWN)];
  const listed = Object.values(unpinned).flatMap((list) => list.trim().split(/\s+/));
  const known = [...pinned, ...listed];
  assert.deepEqual(
    [...names].filter((name) => !known.includes(name)),
    [],
    'settings of this version that are on no list',
  );
  assert.deepEqual(
    known.filter((name, position) => known.indexOf(name) !== position),
    [],
    'settings that are on two lists',
  );
  assert.deepEqual(
    Object.keys(PINNED).filter((name) => !names.has(name)),
    [],
    'a connection that pins a setting which the server does not know is refused',
  );
});
