import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { id } from '../../shared/rows.ts';
import { SiteError } from '../errors.ts';
import { notFound } from '../films/resource.ts';
import type { Services } from '../services.ts';
import { followIndexes, type LiveSearch } from './live.ts';
import { searchParameters, type SearchParameters } from './query.ts';
import { openSearches, type Found, type Searches } from './searches.ts';

const maxFollowers = 1_000;
/** Keeps proxies from taking a stream in which nothing happens for dead. */
const aliveMs = 15_000;

const one = z.strictObject({ id });
const live = 'As server-sent events: the state, and every state that differs from the one before';

export function addSearchRoutes(app: FastifyInstance, services: Services): void {
  const { elasticsearch, settings, edits } = services;
  const searches = openSearches(elasticsearch, settings.INDEX_PREFIX);
  const followers = followIndexes(searches, edits, (error) => app.log.warn(error, 'searches fail'));
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const config = { open: true };
  const tags = ['search'];

  const stream = (reply: FastifyReply, search: LiveSearch): FastifyReply => {
    if (followers.followers >= maxFollowers) {
      throw new SiteError('unavailable', 'Too many pages are open.');
    }
    const events = new PassThrough();
    // Of states that a slow reader has not read, the last is enough.
    let waiting: string | undefined;
    const send = (text: string): void => {
      if (events.writableNeedDrain) waiting = text;
      else events.write(text);
    };
    events.on('drain', () => {
      const text = waiting;
      waiting = undefined;
      if (text !== undefined) events.write(text);
    });
    const unfollow = followers.follow(search, {
      onEvent: (event) => send(`event: state\ndata: ${JSON.stringify(event)}\n\n`),
      onAway: () => send('event: away\ndata: {}\n\n'),
    });
    const alive = setInterval(() => send(': alive\n\n'), aliveMs);
    events.on('close', () => {
      clearInterval(alive);
      unfollow();
    });
    return reply
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(events);
  };

  routes.get(
    '/api/v1/search',
    { config, schema: { tags, summary: 'Films that have these words', querystring: searchParameters } },
    async ({ query }) => (await searches.search(query)).result,
  );
  routes.get(
    '/api/v1/search/live',
    { config, schema: { tags, summary: live, querystring: searchParameters } },
    ({ query }, reply) => stream(reply, liveSearch(searches, query)),
  );
  routes.get(
    '/api/v1/search/films/:id',
    { config, schema: { tags, summary: 'A film as it is found', params: one } },
    async ({ params }) => present(await searches.film(params.id)),
  );
  routes.get(
    '/api/v1/search/films/:id/live',
    { config, schema: { tags, summary: live, params: one } },
    ({ params }, reply) => stream(reply, liveFilm(searches, params.id)),
  );
  routes.get(
    '/api/v1/search/persons/:id',
    { config, schema: { tags, summary: 'A person with their films', params: one } },
    async ({ params }) => present(await searches.person(params.id)),
  );
  routes.get(
    '/api/v1/search/persons/:id/live',
    { config, schema: { tags, summary: live, params: one } },
    ({ params }, reply) => stream(reply, livePerson(searches, params.id)),
  );
}

function present<Result>({ result, documents }: Found<Result>): Result {
  if (documents.size === 0) throw notFound();
  return result;
}

function liveSearch(searches: Searches, wanted: SearchParameters): LiveSearch {
  return {
    key: JSON.stringify(['search', wanted]),
    index: 'movies',
    run: () => searches.search(wanted),
  };
}

function liveFilm(searches: Searches, filmId: string): LiveSearch {
  return { key: `film ${filmId}`, index: 'movies', run: () => searches.film(filmId) };
}

function livePerson(searches: Searches, personId: string): LiveSearch {
  return { key: `person ${personId}`, index: 'persons', run: () => searches.person(personId) };
}
