import { atOnce, type InTurn } from '#adapters/local/concurrency/at-once.ts';

/** Runs at most `limit` tasks with the same key at once, in their order, and tasks with different keys concurrently. */
export function turns(limit: number): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const lines = new Map<string, { readonly inTurn: InTurn; tasks: number }>();
  return async (key, task) => {
    const line = lines.get(key) ?? { inTurn: atOnce(limit), tasks: 0 };
    lines.set(key, line);
    line.tasks += 1;
    try {
      return await line.inTurn(task);
    } finally {
      line.tasks -= 1;
      if (line.tasks === 0) lines.delete(key);
    }
  };
}
