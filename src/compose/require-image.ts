import { Failure } from '#domain/failure.ts';

// https://pkg.go.dev/github.com/distribution/reference: a registry, names in small letters, a tag, a digest.
const NAME = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REGISTRY = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?';
const REFERENCE = new RegExp(
  `^(?:${REGISTRY}/)?${NAME}(?:/${NAME})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
);
const MOST_LETTERS = 400;

/** The value of an environment variable that is unset, empty, or the name of an image as Docker takes it. Fails with `InputInvalid` for any other. */
export function requireImage(name: string, value: string | undefined): string | undefined {
  if (!value || (value.length <= MOST_LETTERS && REFERENCE.test(value))) return value;
  throw new Failure('InputInvalid', `${name} is not the name of a container image`, {
    fix: 'Set it to a name such as registry.example/team/python:3.13, or unset it.',
  });
}
