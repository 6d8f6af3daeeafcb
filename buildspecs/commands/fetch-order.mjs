// Writes a build's order to a file. Standard input is its URL, which is never printed.
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { granted } from './granted.mjs';

try {
  const { order } = await granted((await text(process.stdin)).trim());
  const [, , file = ''] = process.argv;
  await writeFile(file, JSON.stringify(order));
} catch (error) {
  process.stderr.write(`fetch-order: ${error.message}\n`);
  process.exitCode = 1;
}
