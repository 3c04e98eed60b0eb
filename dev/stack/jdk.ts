import { join } from 'node:path';
import { checkout } from './paths.ts';
import { run } from './run.ts';

/** The home of a JDK that Elasticsearch can run on. */
export async function findJdk(): Promise<string> {
  try {
    return (await run('sh', [join(checkout, 'dev/find-jdk.sh')])).trim();
  } catch (cause) {
    throw new Error('There is no JDK 21 or newer in JAVA_HOME, /usr/lib/jvm or PATH, for Elasticsearch.', {
      cause,
    });
  }
}
