import { join } from 'node:path';
import { cacheFolder, checkout } from './paths.ts';
import { run } from './run.ts';

/** Runs one goal of Maven's dependency plugin, on that JDK, with these properties. */
export async function runMaven(
  jdk: string,
  pom: string,
  goal: 'copy' | 'copy-dependencies',
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const cache = cacheFolder();
  // Where there is no home to write to, Maven's repository has its place beside what is fetched.
  const repository = cache.startsWith(checkout) ? { 'maven.repo.local': join(cache, 'maven') } : {};
  const defined = Object.entries({ ...properties, ...repository }).map(
    ([name, value]) => `-D${name}=${value}`,
  );
  await run('mvn', ['--batch-mode', '--quiet', '--file', pom, `dependency:${goal}`, ...defined], {
    env: { ...process.env, JAVA_HOME: jdk },
  });
}
