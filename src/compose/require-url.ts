import { Failure } from '#domain/failure.ts';

/** The value of an environment variable that is unset, empty, or a URL with one of these protocols. Fails with `InputInvalid` for any other. */
export function requireUrl(
  name: string,
  value: string | undefined,
  protocols: readonly string[] = ['http', 'https'],
): string | undefined {
  if (!value || protocols.some((each) => URL.parse(value)?.protocol === `${each}:`)) return value;
  // It is not repeated: a URL may have a password in it.
  throw new Failure('InputInvalid', `${name} is not a URL of ${protocols.join(' or ')}`, {
    fix: 'Correct that variable, or unset it.',
  });
}
