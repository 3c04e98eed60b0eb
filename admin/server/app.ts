import { errors as elasticsearchErrors } from '@elastic/elasticsearch';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { jsonSchemaTransform, serializerCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { bodyOf, SiteError } from './errors.ts';
import { films } from './films/films.ts';
import { genres } from './films/genres.ts';
import { persons } from './films/persons.ts';
import { addPublicRoutes } from './films/public-routes.ts';
import { addResourceRoutes } from './films/routes.ts';
import { addFrontEnd } from './front-end.ts';
import { guardRoutes } from './login/guard.ts';
import { addLoginRoutes } from './login/routes.ts';
import { parse } from './parse.ts';
import { addSearchRoutes } from './search/routes.ts';
import type { Services } from './services.ts';
import type { Settings } from './settings.ts';

const maxBodyBytes = 256 * 1024;

/** The server, without routes: they come by `addRoutes`. */
export function createApp({ LOG_LEVEL, SITE_TRUST_PROXY }: Settings): FastifyInstance {
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    trustProxy: SITE_TRUST_PROXY,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 100 },
    forceCloseConnections: true,
    logger: {
      level: LOG_LEVEL,
      // Query strings hold what people search for.
      serializers: {
        req: ({ method, url }) => ({ method, path: url.split('?')[0] }),
      },
    },
  });
  // Bodies are JSON. A form of another site cannot send that.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (value) => {
    try {
      return { value: parse(schema, value) };
    } catch (error) {
      return { error: error as SiteError };
    }
  });
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler<FastifyError | SiteError>((error, request, reply) => {
    const answer = error instanceof SiteError ? error : asSiteError(error);
    if (answer.status >= 500) request.log.error(error);
    return reply.code(answer.status).send(bodyOf(answer));
  });
  app.setNotFoundHandler(() => {
    throw new SiteError('not_found', 'There is nothing at this address.');
  });
  return app;
}

/** What Fastify refuses by itself, and what has failed. */
function asSiteError(error: FastifyError): SiteError {
  if (error instanceof elasticsearchErrors.ElasticsearchClientError) {
    return new SiteError('unavailable', 'The search does not answer.');
  }
  const { statusCode = 500 } = error;
  if (statusCode === 413) return new SiteError('too_large', `A body has at most ${maxBodyBytes} bytes.`);
  if (statusCode === 415) return new SiteError('unsupported', 'Bodies are application/json.');
  if (statusCode < 500) return new SiteError('invalid', 'The request cannot be read.');
  return new SiteError('failed', 'It has failed, and the log says why.');
}

export async function addRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { database, redis, sessions, settings } = services;
  await app.register(cookie);
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: contentSecurity } });
  await app.register(rateLimit, {
    global: false,
    redis,
    nameSpace: `${settings.SITE_REDIS_PREFIX}limit:`,
    errorResponseBuilder: (_, { after }) =>
      new SiteError('too_many_requests', `Too many attempts. Try again in ${after}.`),
  });
  guardRoutes(app, sessions);
  await addDocumentation(app);
  app.get('/api/health', { config: { open: true } }, () => ({ ok: true }));
  addPublicRoutes(app, database.query);
  addSearchRoutes(app, services);
  addLoginRoutes(app, database.query, sessions);
  addResourceRoutes(app, database, films);
  addResourceRoutes(app, database, persons);
  addResourceRoutes(app, database, genres);
  await addFrontEnd(app, settings.SITE_FRONT_END);
}

/** Nothing but this site's own files; no script and no style in the page itself. */
const contentSecurity = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

/** `/api/docs`, of what is open to programs. */
async function addDocumentation(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    hideUntagged: true,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Films', description: 'The films, to read and to search.', version: '1' },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(async (documentation) => {
    documentation.addHook('onRoute', (route) => {
      route.config = { ...route.config, open: true };
    });
    await documentation.register(swaggerUi, {
      routePrefix: '/api/docs',
      staticCSP: true,
      // The site may be without TLS on loopback.
      transformStaticCSP: (header) => header.replace('upgrade-insecure-requests;', ''),
    });
  });
}
