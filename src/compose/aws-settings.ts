import { Failure } from '#domain/failure.ts';

/** What a function's environment says. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings named, each without its prefix `SLIPWAY_`. All that are missing are named in one `InputInvalid`. */
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
  // Object.fromEntries forgets which names there are.
  return Object.fromEntries(entries) as Record<Name, string>;
}
