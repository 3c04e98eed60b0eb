import { fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Runs a script of this folder as a process of its own, which is told an order and answers it once. */
export async function runInChild(script: string, order: Serializable): Promise<unknown> {
  const child = fork(join(import.meta.dirname, script));
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`${script} ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  child.send(order);
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  return answer;
}

/** The child's side of it: does what it is told, answers, and ends. */
export function answerParent(work: (order: unknown) => Promise<Serializable>): void {
  process.once('message', (order: unknown) => {
    void work(order).then((answer) => process.send?.(answer, () => process.exit(0)));
  });
}
