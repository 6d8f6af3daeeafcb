import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';

/** For a caller whose change assumes shares that the router does not hold. */
export function sharesChanged(model: string, held: Shares, expected: Shares): Failure {
  const [now, seen] = [held, expected].map((shares) => JSON.stringify(shares));
  return new Failure('SharesChanged', `the shares of ${model} are ${now}, not ${seen}`);
}
