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
