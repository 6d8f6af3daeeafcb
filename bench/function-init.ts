// Measures the time that each of our functions adds to a cold start: loading its bundle, beside the heaviest client that it cannot do without, DynamoDB's, bundled alone in the same way.
// Both take turns, each in a separate process, as Lambda's Node runtime loads a bundle. `node bench/function-init.ts [ROUNDS]`
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { SETTINGS } from '../test/functions/settings.ts';
import { type Bundle, bundles } from '../test/support/lambda/bundles.ts';
import { lambdaRuntime } from '../test/support/lambda/runtime.ts';
import { row, spread } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const NOWHERE = 'http://127.0.0.1:1';

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const file = join(folder, 'client.mjs');
await build({
  stdin: {
    contents:
      "import { DynamoDBClient } from '@aws-sdk/client-dynamodb'; new DynamoDBClient({}); export const handler = () => {};",
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  banner: {
    js: "import { createRequire } from 'node:module';const require=createRequire(import.meta.url);",
  },
  outfile: file,
});

console.log(
  `loading, ${ROUNDS} rounds, ms (min / median / max), and beside DynamoDB's client alone`,
);
for (const bundle of (await bundles()).values()) {
  const own: number[] = [];
  const client: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    own.push(await initMs(bundle));
    client.push(await initMs({ ...bundle, file }));
  }
  const ratio = (median(own) / median(client)).toFixed(2);
  console.log(`${row(bundle.name, spread(own))}  ${ratio} x  ${bundle.clients.join(' ')}`);
}
await rm(folder, { recursive: true });

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function initMs(bundle: Bundle): Promise<number> {
  const runtime = lambdaRuntime(bundle, SETTINGS, NOWHERE);
  const { initMs: took, error } = await runtime.loaded;
  await runtime.close();
  if (error) throw new Error(`${bundle.name} does not load: ${JSON.stringify(error)}`);
  return took;
}
