import { Failure, failureName } from '#domain/failure.ts';
import type { Clock } from '#ports/clock.ts';

/** Reports each problem once, however often it recurs, until it is cleared or concerns something else. */
export type Problems = {
  /** `about` is the problem's subject, when the same key can have the same problem with another file. */
  report(error: unknown, key: string, about?: string): void;
  clear(key: string): void;
  has(key: string): boolean;
  /** The problems that are not mended. */
  all(): readonly Problem[];
};

export type Problem = { readonly key: string; readonly failure: Failure; readonly sinceMs: number };

export function problems(
  tell: (failure: Failure, key: string) => void,
  { now }: Pick<Clock, 'now'>,
): Problems {
  const told = new Map<string, Problem & { readonly problem: string }>();
  return {
    report(error, key, about = '') {
      const failure = asFailure(error, key);
      const problem = `${failure.name} ${about}`;
      if (told.get(key)?.problem === problem) return;
      told.set(key, { problem, key, failure, sinceMs: now() });
      tell(failure, key);
    },
    clear: (key) => told.delete(key),
    has: (key) => told.has(key),
    all: () => [...told.values()],
  };
}

function asFailure(error: unknown, key: string): Failure {
  if (error instanceof Failure) return error;
  const name = failureName(error) ?? 'PlatformUnavailable';
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure(name, `${key}: ${reason}`, { cause: error });
}
