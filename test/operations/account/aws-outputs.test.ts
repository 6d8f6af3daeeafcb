import { readFileSync } from 'node:fs';
import { CONTAINER_OUTPUTS, OUTPUTS } from '#operations/account/stack.ts';

it('the stack tells all that the command line reads of it', () => {
  const template = readFileSync(new URL('../../../infra/outputs.yml', import.meta.url), 'utf8');

  const told = [...template.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);

  expect(told).toEqual(expect.arrayContaining([...OUTPUTS, ...CONTAINER_OUTPUTS]));
});
