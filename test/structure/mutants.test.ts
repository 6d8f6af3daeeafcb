import { existsSync, readFileSync } from 'node:fs';

type Mutant = { readonly bug: string; readonly file: string; readonly now: string };

const MUTANTS: readonly Mutant[] = JSON.parse(readFileSync('test/mutants.json', 'utf8'));

// `npm run test:mutants` checks that each is caught, which takes minutes.
test.each(MUTANTS)('a bug can be planted again: $bug', ({ file, now }) => {
  expect(existsSync(file)).toBe(true);
  expect(readFileSync(file, 'utf8').split(now)).toHaveLength(2);
});
