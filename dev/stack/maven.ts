import { run } from './run.ts';

/** Runs one goal of Maven's dependency plugin, on that JDK, with these properties. */
export async function runMaven(
  jdk: string,
  pom: string,
  goal: 'copy' | 'copy-dependencies',
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const defined = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  await run('mvn', ['--batch-mode', '--quiet', '--file', pom, `dependency:${goal}`, ...defined], {
    env: { ...process.env, JAVA_HOME: jdk },
  });
}
