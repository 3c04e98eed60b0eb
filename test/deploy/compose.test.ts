import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { composeVariables } from '../../src/config/compose-variables.ts';
import { loadSettings as loadSiteSettings } from '../../admin/server/settings.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { listSettings } from '../../src/config/table.ts';
import { readScrapeTargets } from './prometheus-files.ts';
import {
  checkout,
  readComposeFile,
  readSecretsFile,
  readServices,
  readVariables,
  secretsFile,
} from './compose-file.ts';

/** The Compose Specification's schema, which dclint ships as it was published. */
function compileComposeSchema(): ValidateFunction {
  const dclint = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const schema = JSON.parse(
    readFileSync(join(dclint, 'schemas/compose.schema.json'), 'utf8'),
  ) as AnySchemaObject;
  // The schema names draft 7 by https, by which Ajv does not know it.
  const draft7 = { ...schema, $schema: 'http://json-schema.org/draft-07/schema' };
  return new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(draft7);
}

test('docker-compose.yml and what goes over it are valid by the published schema', () => {
  const validate = compileComposeSchema();
  for (const file of [readComposeFile(), readComposeFile({}, secretsFile)]) {
    void validate(file);
    assert.deepEqual(validate.errors, null);
  }
});

test('the published schema finds a misspelt key', () => {
  const validate = compileComposeSchema();
  assert.equal(validate({ services: { redis: { image: 'redis:8', helthcheck: { test: 'true' } } } }), false);
});

test("there are the three servers, the projector, the films' site, and by a profile what watches it; each has a healthcheck and is restarted", () => {
  const services = readServices();
  const withProfile = (profile: string | undefined): string[] =>
    Object.keys(services).filter((name) => services[name]?.profiles[0] === profile);
  assert.deepEqual(withProfile(undefined).sort(), [
    'elasticsearch',
    'movies-admin',
    'nginx',
    'postgres',
    'projector',
    'redis',
  ]);
  assert.deepEqual(withProfile('monitoring'), ['prometheus', 'grafana']);
  for (const [name, service] of Object.entries(services)) {
    assert.ok(service.healthcheck, name);
    assert.equal(service.restart, 'unless-stopped', name);
  }
});

test('the projector waits until each server is healthy', () => {
  assert.deepEqual(readServices()['projector']?.depends_on, {
    postgres: { condition: 'service_healthy' },
    redis: { condition: 'service_healthy' },
    elasticsearch: { condition: 'service_healthy' },
  });
});

test('every port is published on 127.0.0.1 alone', () => {
  const ports = Object.values(readServices()).flatMap((service) => service.ports);
  assert.equal(ports.length, 7);
  for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
});

test('every image from a registry has a version, and may have its digest', () => {
  const servers = Object.values(readServices()).filter(({ build }) => build === undefined);
  assert.equal(servers.length, 5);
  for (const { image } of servers) assert.match(image, /:v?\d+(\.\d+)*(-\w+)?(@sha256:[0-9a-f]{64})?$/);
});

test('no container has a right beyond its user, or more memory than it is given; all but one write into volumes alone', () => {
  const services = Object.entries(readServices());
  for (const [name, service] of services) {
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.cap_add, [], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.match(service.mem_limit ?? '', /^\d+[mg]$/, name);
  }
  const writing = services.flatMap(([name, { read_only: isConfined }]) => (isConfined ? [] : [name]));
  assert.deepEqual(writing, ['elasticsearch']);
});

test('images whose entrypoints begin as root are run as the user that they become', () => {
  const { postgres, redis } = readServices();
  assert.deepEqual([postgres?.user, redis?.user], ['postgres', 'redis']);
});

test('every file and folder of this checkout that is mounted exists', () => {
  const sources = Object.values(readServices())
    .flatMap((service) => service.volumes)
    .map((volume) => (typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source))
    .filter((source) => source.startsWith('.'));
  assert.equal(sources.length, 8);
  for (const source of sources) assert.ok(existsSync(join(checkout, source)), source);
});

test('the projector gets every setting by its name, but the way to its definitions and the rights of an owner', () => {
  const passed = Object.keys(readServices()['projector']?.environment ?? {});
  const settings = listSettings().map((setting) => setting.env);
  assert.deepEqual(
    settings.filter((name) => !passed.includes(name)),
    ['ADMIN_DATABASE_URL', 'DEFINITIONS_DIR'],
  );
  assert.deepEqual(
    passed.filter((name) => !settings.includes(name)),
    [],
  );
});

test('what the projector gets is valid with no variable set, and its URLs name the servers beside it', () => {
  const settings = loadSettings(readServices()['projector']?.environment ?? {});
  assert.equal(settings.databaseUrl, 'postgres://projector:projector@postgres:5432/films');
  assert.equal(settings.redisUrl, 'redis://redis:6379/0');
  assert.deepEqual(settings.elasticsearchUrls, ['http://elasticsearch:9200']);
});

test('with the secrets as files, each of them has its own, and no value beside it', () => {
  const { services, secrets } = readSecretsFile();
  for (const [name, { environment, secrets: mounted }] of Object.entries(services)) {
    const files = Object.entries(environment).filter(([variable]) => variable.endsWith('_FILE'));
    assert.deepEqual(
      files.map(([, path]) => path),
      mounted.map((secret) => `/run/secrets/${secret}`),
      name,
    );
    for (const [variable] of files) assert.equal(environment[variable.replace(/_FILE$/, '')], '', variable);
    for (const secret of mounted) assert.match(secrets[secret]?.file ?? '', /^\.\/secrets\//);
  }
  const environment = { ...readServices()['projector']?.environment, ...services['projector']?.environment };
  const urls: Readonly<Record<string, string>> = {
    '/run/secrets/database_url': 'postgres://projector:secret@db/films?sslmode=verify-full\n',
    '/run/secrets/redis_url': 'rediss://projector:secret@cache/0\n',
    '/run/secrets/elasticsearch_url': 'https://projector:secret@search:9200\n',
  };
  assert.equal(
    loadSettings(environment, (path) => urls[path] ?? '').redisUrl,
    'rediss://projector:secret@cache/0',
  );
});

test('Grafana is given Prometheus, and the dashboard where it looks for it', () => {
  const read = (path: string): unknown =>
    parse(readFileSync(join(checkout, 'deploy/grafana/provisioning', path), 'utf8'));
  const { datasources } = z
    .object({ datasources: z.array(z.object({ type: z.string(), url: z.string() })) })
    .parse(read('datasources/prometheus.yml'));
  assert.deepEqual(datasources, [{ type: 'prometheus', url: 'http://prometheus:9090' }]);
  const { providers } = z
    .object({ providers: z.array(z.object({ options: z.object({ path: z.string() }) })) })
    .parse(read('dashboards/projector.yml'));
  const mounts = readServices()['grafana']?.volumes ?? [];
  const [provider] = providers;
  assert.ok(
    mounts.includes(`./deploy/grafana/projector.json:${provider?.options.path ?? ''}/projector.json:ro`),
  );
});

test('Prometheus runs with the configuration and the rules beside it', () => {
  const { command, volumes } = readServices()['prometheus'] ?? assert.fail();
  assert.ok(command?.includes('--config.file=/etc/prometheus/prometheus.yml'));
  assert.ok(volumes.includes('./deploy/prometheus:/etc/prometheus:ro'));
});

test('the projector answers by HTTP beyond its container, where Prometheus looks for it', () => {
  const projector = readServices()['projector'];
  const { httpHost, httpPort } = loadSettings(projector?.environment ?? {});
  assert.equal(httpHost, '0.0.0.0');
  assert.deepEqual(projector?.ports, [`127.0.0.1:${httpPort}:${httpPort}`]);
  assert.deepEqual(readScrapeTargets(), [`projector:${httpPort}`]);
});

test('a variable reaches the projector', () => {
  const environment = readServices({ BATCH_SIZE: '7', PROJECTOR_PASSWORD: 'p' })['projector']?.environment;
  const settings = loadSettings(environment ?? {});
  assert.equal(settings.batchSize, 7);
  assert.equal(settings.databaseUrl, 'postgres://projector:p@postgres:5432/films');
});

test('every variable that the file reads is in .env.example, with the same default', () => {
  const variables = readVariables();
  const known = [...listSettings(), ...composeVariables].map((variable) => variable.env);
  assert.deepEqual(
    [...variables.keys()].filter((name) => !known.includes(name)),
    [],
  );
  for (const { env, default: value } of composeVariables) assert.equal(variables.get(env), value, env);
});

test('the projector has longer to end than it takes itself at most', () => {
  const { shutdownTimeoutMs } = loadSettings(readServices()['projector']?.environment ?? {});
  const grace = /^(\d+)s$/.exec(readServices()['projector']?.stop_grace_period ?? '');
  assert.ok(Number(grace?.[1]) * 1000 > shutdownTimeoutMs);
});

test("the films' site is reached by nginx alone, and gets settings that are valid", () => {
  const { 'movies-admin': site, nginx } = readServices({ FILMS_ADMIN_PASSWORD: 'p' });
  assert.deepEqual(site?.ports, []);
  const settings = loadSiteSettings(site.environment);
  assert.equal(settings.FILMS_DATABASE_URL, 'postgres://films_admin:p@postgres:5432/films');
  assert.equal(nginx?.environment['NGINX_ADMIN'], `movies-admin:${settings.SITE_PORT}`);
  assert.deepEqual(nginx.ports, ['127.0.0.1:8080:8080']);
});

test('nginx is told everything that its configuration leaves open, by its image or the compose file', () => {
  const template = readFileSync(join(checkout, 'deploy/nginx/nginx.conf.template'), 'utf8');
  const dockerfile = readFileSync(join(checkout, 'admin/Dockerfile'), 'utf8');
  const wanted = new Set([...template.matchAll(/\$\{(NGINX_[A-Z_]+)\}/g)].map(([, name]) => name ?? ''));
  const told = new Set([...dockerfile.matchAll(/\b(NGINX_[A-Z_]+)=/g)].map(([, name]) => name));
  for (const name of Object.keys(readServices()['nginx']?.environment ?? {})) told.add(name);
  assert.ok(wanted.size > 5);
  assert.deepEqual(
    [...wanted].filter((name) => !told.has(name)),
    [],
  );
});
