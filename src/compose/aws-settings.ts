import { Failure } from '#domain/failure.ts';

/** A function's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The named settings, each without its prefix `SLIPWAY_`. Fails with one `InputInvalid` that names all missing ones. */
export function settings<Name extends string>(
  environment: Environment,
  ...names: readonly Name[]
): Readonly<Record<Name, string>> {
  const missing = names.filter((name) => !environment[`SLIPWAY_${name}`]);
  if (missing.length > 0) {
    throw new Failure(
      'InputInvalid',
      `the environment has no ${missing.map((name) => `SLIPWAY_${name}`).join(', ')}`,
    );
  }
  const read = (name: Name) => environment[`SLIPWAY_${name}`] ?? '';
  const entries = names.map((name) => [name, read(name)] as const);
  // Object.fromEntries loses the types of the names.
  return Object.fromEntries(entries) as Record<Name, string>;
}
