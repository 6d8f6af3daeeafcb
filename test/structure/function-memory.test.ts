import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';

const template = z.object({
  functions: z.record(z.string(), z.object({ memorySize: z.number() })),
});

// Many new accounts refuse a larger one, and with it the first stack.
const MOST_MB = 512;

it('no function of the template has more memory than every account gives one', async () => {
  const text = await readFile(join(import.meta.dirname, '../../serverless.yml'), 'utf8');
  const { functions } = template.parse(parse(text, { logLevel: 'silent', merge: true }));

  const sizes = Object.entries(functions).map(([name, { memorySize }]) => [name, memorySize]);

  expect(sizes.length).toBeGreaterThan(20);
  expect(sizes.filter(([, mb]) => Number(mb) > MOST_MB)).toEqual([]);
});
