import type { ClientBase } from 'pg';

/** What the encoding of the client's database means for documents, which are UTF-8; null where it is UTF-8, too. */
export async function encodingNotice(client: ClientBase): Promise<string | null> {
  const { rows } = await client.query<{ encoding: string }>(
    `select current_setting('server_encoding') as encoding`,
  );
  const encoding = rows[0]?.encoding ?? 'UTF8';
  if (encoding === 'UTF8') return null;
  const what =
    encoding === 'SQL_ASCII'
      ? 'SQL_ASCII, so Postgres takes any bytes for text'
      : `${encoding}, and Postgres converts it to UTF-8`;
  return `The database is in ${what}: a row with bytes that are no UTF-8 becomes a dead letter; in a key they stop the service`;
}
