import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { choosePort } from '../../../dev/stack/ports.ts';
import { waitFor } from '../../support/wait.ts';

/** A Prometheus that scrapes a service, several times a second. Disposing ends it. */
export interface Prometheus extends AsyncDisposable {
  /** The value of an expression that has one, or null. */
  value(expr: string): Promise<number | null>;
  /** The alerts whose condition holds now. */
  alerts(): Promise<ActiveAlert[]>;
}

export interface ActiveAlert {
  readonly name: string;
  /** Whether it has held for as long as it has to. */
  readonly isFiring: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

interface Answer<T> {
  readonly data: T;
}

/** Starts `program` with these rules, to scrape the service at this port. */
export async function startPrometheus(
  program: string,
  rules: string,
  scrapedPort: string,
): Promise<Prometheus> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'projector-prometheus-'));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'prometheus.yml');
  const rulesFile = join(folder, 'rules.yml');
  await writeFile(rulesFile, rules);
  const config = {
    global: { scrape_interval: '250ms', scrape_timeout: '200ms', evaluation_interval: '250ms' },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: 'projector', static_configs: [{ targets: [`127.0.0.1:${scrapedPort}`] }] }],
  };
  await writeFile(configFile, stringify(config));
  const address = `127.0.0.1:${await choosePort()}`;
  const child = spawn(
    program,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore', cwd: folder },
  );
  const ended = once(child, 'close');
  opening.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`http://${address}/api/v1/${path}`);
    return ((await response.json()) as Answer<T>).data;
  };
  await waitFor(async () => (await fetch(`http://${address}/-/ready`)).ok);
  const kept = opening.move();
  return {
    async value(expr) {
      const { result } = await ask<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expr)}`,
      );
      const [first] = result;
      return first ? Number(first.value[1]) : null;
    },
    async alerts() {
      const { alerts } = await ask<{ alerts: { state: string; labels: Record<string, string> }[] }>('alerts');
      return alerts.map(({ state, labels: { alertname = '', ...labels } }) => ({
        name: alertname,
        isFiring: state === 'firing',
        labels,
      }));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
