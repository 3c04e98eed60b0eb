import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkout } from './compose-file.ts';

export const alertsFile = join(checkout, 'deploy/prometheus/alerts.yml');
export const prometheusFile = join(checkout, 'deploy/prometheus/prometheus.yml');

const alertSchema = z.object({
  alert: z.string(),
  expr: z.string(),
  labels: z.object({ severity: z.enum(['warning', 'critical']) }),
  annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
});

export type Alert = z.output<typeof alertSchema>;

export function readAlerts(): Alert[] {
  const fileSchema = z.object({ groups: z.array(z.object({ rules: z.array(alertSchema) })) });
  return fileSchema.parse(parse(readFileSync(alertsFile, 'utf8'))).groups.flatMap(({ rules }) => rules);
}

/** How long the alerts' conditions have to last, and are looked back at, on a run of minutes: less, in the same order. */
const SQUEEZED = {
  for: { '1m': '2s', '5m': '4s', '10m': '5s', '15m': '6s', '1h': '8s' },
  window: { '5m': '3s', '15m': '10s', '30m': '15s' },
} as const;

/** Thresholds that take minutes, or gigabytes, to come to. */
const LOWERED = {
  'projector_lag_seconds > 60': 'projector_lag_seconds > 7',
  '10 * 1024 * 1024 * 1024': '8 * 1024 * 1024',
} as const;

/**
 * The deployed rules, made to fire within seconds. Nothing else is changed, and a time that is not known here is an error.
 */
export function squeezedAlerts(): string {
  const squeeze = (times: Readonly<Record<string, string>>, time: string): string =>
    times[time] ?? assert.fail(`how long is ${time} on a short run?`);
  let text = readFileSync(alertsFile, 'utf8')
    .replaceAll(/\bfor: (\w+)/g, (_, time: string) => `for: ${squeeze(SQUEEZED.for, time)}`)
    .replaceAll(/\[(\w+)\]/g, (_, time: string) => `[${squeeze(SQUEEZED.window, time)}]`);
  for (const [threshold, lowered] of Object.entries(LOWERED)) {
    assert.ok(text.includes(threshold), threshold);
    text = text.replace(threshold, lowered);
  }
  return text;
}

/** The addresses that are scraped. */
export function readScrapeTargets(): string[] {
  const jobSchema = z.object({ static_configs: z.array(z.object({ targets: z.array(z.string()) })) });
  const fileSchema = z.object({ scrape_configs: z.array(jobSchema) });
  const { scrape_configs: jobs } = fileSchema.parse(parse(readFileSync(prometheusFile, 'utf8')));
  return jobs.flatMap((job) => job.static_configs.flatMap(({ targets }) => targets));
}

/** Every expression of the dashboard, with the panel that it is of. */
export function readDashboard(): { readonly panel: string; readonly expr: string }[] {
  const panelSchema = z.object({
    title: z.string(),
    targets: z.array(z.object({ expr: z.string() })).default([]),
  });
  const text = readFileSync(join(checkout, 'deploy/grafana/projector.json'), 'utf8');
  const { panels } = z.object({ panels: z.array(panelSchema) }).parse(JSON.parse(text));
  return panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: title, expr })));
}
