/**
 * Whether a certificate with these names is valid for the domain.
 * Case and a final dot are ignored; a leading `*.` stands for exactly one label: neither for the domain itself nor for two.
 * Source: RFC 6125, 6.4.3; https://docs.aws.amazon.com/acm/latest/userguide/acm-concepts.html#concept-wildcard
 */
export function isNamedIn(domain: string, names: readonly string[]): boolean {
  const wanted = canonical(domain);
  const [, ...rest] = wanted.split('.');
  const wildcard = `*.${rest.join('.')}`;
  return names
    .map(canonical)
    .some((name) => name === wanted || (rest.length > 1 && name === wildcard));
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
