import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ONNX = join(import.meta.dirname, '../../runtimes/onnx');

it('the context of the ONNX image has each file of data that its server imports', () => {
  const sources = readdirSync(ONNX, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.includes('node_modules'),
  );
  const imported = sources.flatMap((name) =>
    Array.from(
      readFileSync(join(ONNX, name), 'utf8').matchAll(/from '\.\/([^']+\.json)'/g),
      ([, file = '']) => join(name, '..', file),
    ),
  );
  const allowed = readFileSync(join(ONNX, '.dockerignore'), 'utf8').split('\n');

  expect(imported).toContain('messages.json');
  expect(imported.filter((file) => !allowed.includes(`!${file}`))).toEqual([]);
});
