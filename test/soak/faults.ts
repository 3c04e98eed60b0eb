import { setTimeout as delay } from 'node:timers/promises';
import { below, pick, type Random } from '../../dev/load/random.ts';
import type { PostgresServer } from '../../dev/stack/postgres.ts';
import type { Server } from '../../dev/stack/server.ts';
import { blockWrites } from '../service/support/by-hand.ts';
import type { Setting } from '../service/support/setting.ts';
import type { ServiceProcess } from '../service/support/service-process.ts';
import type { LinkState, TcpProxy } from '../support/tcp-proxy.ts';

/** Everything that a fault can be done to. */
export interface World {
  readonly setting: Setting;
  readonly postgres: PostgresServer;
  readonly redis: Server;
  readonly elasticsearch: Server;
  readonly links: Readonly<Record<'postgres' | 'redis' | 'elasticsearch', TcpProxy>>;
  readonly random: Random;
  /** The service that runs now. */
  readonly service: ServiceProcess;
  /** Starts another when this one has ended. */
  restart(): void;
}

/** Does something bad, and mends it again. */
type Fault = (world: World) => Promise<void>;

/** From a moment to a minute, mostly short. */
function outage({ random }: World): Promise<void> {
  return delay(below(random, 10) === 0 ? 20_000 + below(random, 40_000) : 200 + below(random, 5_000));
}

const disturbLink =
  (link: keyof World['links'], state: (random: Random) => LinkState): Fault =>
  async (world) => {
    world.links[link].set(state(world.random));
    await outage(world);
    world.links[link].set({ kind: 'open' });
  };

const away =
  (server: 'postgres' | 'redis' | 'elasticsearch', end: (world: World) => Promise<unknown>): Fault =>
  async (world) => {
    await end(world);
    await outage(world);
    await world[server].start();
  };

const floodStage: Fault = async (world) => {
  await blockWrites(world.setting, '*', true);
  await outage(world);
  await blockWrites(world.setting, '*', false);
};

async function saysThatItLives({ service }: World): Promise<void> {
  await service.until(() => true, { timeoutMs: 240_000 });
}

const links = ['postgres', 'redis', 'elasticsearch'] as const;

const states: Readonly<Record<string, (random: Random) => LinkState>> = {
  cut: () => ({ kind: 'cut' }),
  slow: (random) => ({ kind: 'delayed', ms: 10 + below(random, 200) }),
  narrow: (random) => ({ kind: 'throttled', bytesPerSecond: 50_000 + below(random, 500_000) }),
  'half-open': () => ({ kind: 'frozen' }),
};

export const faults: Readonly<Record<string, Fault>> = {
  'service: kill -9': async (world) => {
    await world.service.kill();
    world.restart();
  },
  'service: SIGTERM': async (world) => {
    await saysThatItLives(world);
    await world.service.stop();
    world.restart();
  },
  'service: frozen': async (world) => {
    world.service.signal('SIGSTOP');
    await outage(world);
    world.service.signal('SIGCONT');
  },
  'service: snapshot': async (world) => {
    await saysThatItLives(world);
    await world.setting.command(['snapshot']);
  },
  'Postgres: fast restart': away('postgres', ({ postgres }) => postgres.stop('fast')),
  'Postgres: immediate restart': away('postgres', ({ postgres }) => postgres.stop('immediate')),
  'Postgres: kill -9': away('postgres', ({ postgres }) => postgres.kill('SIGKILL')),
  'Postgres: connections terminated': async ({ setting }) => {
    await setting.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename <> current_user and pid <> pg_backend_pid()`,
    );
  },
  'Elasticsearch: stopped': away('elasticsearch', ({ elasticsearch }) => elasticsearch.stop()),
  'Elasticsearch: kill -9': away('elasticsearch', ({ elasticsearch }) => elasticsearch.kill('SIGKILL')),
  'Elasticsearch: read-only (disk flood stage)': floodStage,
  'Redis: stopped': away('redis', ({ redis }) => redis.stop()),
  'Redis: kill -9': away('redis', ({ redis }) => redis.kill('SIGKILL')),
  'Redis: emptied': async ({ setting }) => {
    await setting.redis.flushall();
  },
  ...Object.fromEntries(
    links.flatMap((link) =>
      Object.entries(states).map(([name, state]) => [`link to ${link}: ${name}`, disturbLink(link, state)]),
    ),
  ),
};

export function pickFault(random: Random): string {
  return pick(random, Object.keys(faults));
}
