import { failureName, RETRYABLE } from '#domain/failure.ts';

const ATTEMPTS = 6;

/** Repeats a call that failed for a temporary reason, as the workflow does. */
export async function retry<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const name = failureName(error);
      if (attempt === ATTEMPTS || name === undefined || !RETRYABLE[name]) throw error;
    }
  }
}
