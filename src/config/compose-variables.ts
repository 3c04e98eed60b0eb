/** A variable that `docker-compose.yml` reads and the service itself does not. */
export interface ComposeVariable {
  readonly env: string;
  readonly default: string;
  readonly description: string;
}

/** What `docker-compose.yml` reads besides the settings; a test holds the two together. */
export const composeVariables: readonly ComposeVariable[] = [
  {
    env: 'POSTGRES_PASSWORD',
    default: 'postgres',
    description: "Postgres' superuser's password, used at the first start",
  },
  {
    env: 'PROJECTOR_PASSWORD',
    default: 'projector',
    description: "The service's role's password in Postgres, URL-safe, used at the first start",
  },
  {
    env: 'FILMS_ADMIN_PASSWORD',
    default: 'films_admin',
    description: "The admin site's role's password in Postgres, URL-safe, used at the first start",
  },
  { env: 'POSTGRES_PORT', default: '5432', description: 'Port of Postgres on 127.0.0.1' },
  { env: 'REDIS_PORT', default: '6379', description: 'Port of Redis on 127.0.0.1' },
  { env: 'ELASTICSEARCH_PORT', default: '9200', description: 'Port of Elasticsearch on 127.0.0.1' },
  { env: 'NGINX_PORT', default: '8080', description: "Port of the films' site on 127.0.0.1" },
  { env: 'ELASTICSEARCH_HEAP', default: '1g', description: "Elasticsearch's heap, as in -Xmx" },
  {
    env: 'ELASTICSEARCH_MEMORY',
    default: '2g',
    description: "The most memory of Elasticsearch's container: twice its heap",
  },
  {
    env: 'PROMETHEUS_PORT',
    default: '9090',
    description: 'Port of Prometheus on 127.0.0.1, with --profile monitoring',
  },
  {
    env: 'GRAFANA_PORT',
    default: '3000',
    description: 'Port of Grafana on 127.0.0.1, with --profile monitoring',
  },
  {
    env: 'GRAFANA_PASSWORD',
    default: 'admin',
    description: "Grafana's user admin's password, used at the first start",
  },
];
