import assert from 'node:assert/strict';
import { it } from 'node:test';
import { foreignAnswer } from '../../src/servers/foreign-answer.ts';

const own = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };
const json = { 'content-type': 'application/json' };
const html = { 'content-type': 'text/html; charset=utf-8' };

/** An answer's status, headers and body, and who is taken to give it; null for an Elasticsearch, or what stands before it. */
const answers: readonly (readonly [number, Readonly<Record<string, string>>, string, RegExp | null])[] = [
  [200, own, '{}', null],
  [404, own, '{"error":{"type":"index_not_found_exception"}}', null],
  [400, own, '{"error":{"type":"media_type_header_exception"}}', /older than 8/],
  // What a gateway says in its place.
  [502, html, '<html>Bad Gateway</html>', null],
  [503, json, '{}', null],
  [413, html, '<html>Request Entity Too Large</html>', null],
  [429, json, '{}', null],
  [401, html, '<html>Authorization Required</html>', null],
  [200, html, '<html>Sign in</html>', /web page.*HTTP 200/],
  [404, html, '<html>Not found</html>', /web page.*HTTP 404/],
  [302, { location: 'https://sso.example/?token=secret' }, '', /HTTP 302 to sso\.example\)$/],
  [302, { location: '/login?token=secret' }, '', /HTTP 302 to another path\)$/],
  [404, json, '{"error":"Not Found"}', /something else \(HTTP 404, application\/json\)/],
  [204, {}, '', /something else \(HTTP 204, no content type\)/],
  [200, json, '{"version":{"number":"3.1.0","distribution":"opensearch"}}', /^OpenSearch 3\.1\.0$/],
  [200, json, '{"version":{"number":"7.10.2"}}', /7\.10\.2/],
  [
    406,
    json,
    '{"error":"Content-Type header [application/vnd.elasticsearch+json] is not supported"}',
    /OpenSearch, or/,
  ],
];

it('an answer is told to be no Elasticsearch, and whose it is', () => {
  for (const [status, headers, body, expected] of answers) {
    const who = foreignAnswer({ status, headers, body });
    const what = `${status} ${body}: ${who}`;
    assert.equal(who === null, expected === null, what);
    if (expected) assert.match(who ?? '', expected, what);
    assert.doesNotMatch(who ?? '', /secret/);
  }
});
