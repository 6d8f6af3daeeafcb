import { isNamedIn } from '#domain/certificate-names.ts';

it.each<[string, readonly string[], boolean]>([
  ['models.example.com', ['models.example.com'], true],
  ['models.example.com', ['example.com', 'models.example.com'], true],
  ['models.example.com', ['*.example.com'], true],
  ['Models.Example.com', ['models.EXAMPLE.com'], true],
  ['models.example.com.', ['models.example.com'], true],
  ['models.example.com', ['*.example.com.'], true],
  ['example.com', ['example.com'], true],
  // A wildcard does not cover its apex domain.
  ['example.com', ['*.example.com'], false],
  ['example.com', ['*.com'], false],
  ['a.models.example.com', ['*.example.com'], false],
  ['a.models.example.com', ['*.models.example.com'], true],
  ['models.example.com', ['example.com'], false],
  ['models.example.com', ['models.example.org', '*.example.org'], false],
  ['xmodels.example.com', ['models.example.com'], false],
  ['models.example.com', [], false],
])('%s and a certificate for %j: %s', (domain, names, is) => {
  expect(isNamedIn(domain, names)).toBe(is);
});
