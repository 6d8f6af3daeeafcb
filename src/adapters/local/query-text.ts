import { Failure } from '#domain/failure.ts';

/** The value of a query's parameter. Fails with `InputInvalid` where it says it twice. */
export function queryText(
  query: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new Failure('InputInvalid', `the query has ${name} more than once`, {
    fix: `Send one request for each ${name}.`,
  });
}
