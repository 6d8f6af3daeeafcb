// Puts a small ONNX model under one load on the target Lambda and on the target Fargate of one machine, in turns. Counts lost requests, and measures the time of an answer once all have been warm for 5 s.
// `node bench/burst.ts [--rate 300] [--seconds 20] [--rounds 3]`
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '#adapters/clocks.ts';
import { startGateway } from '#adapters/local/gateway/gateway.ts';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { localPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import { LIMITS } from '../test/support/local/platform.ts';
import { addConstantModel } from '../test/support/models/onnx.ts';
import { revisionSpec } from '../test/support/worlds/revision-spec.ts';
import type { Answered } from './burst-load.ts';
import { row } from './figures.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
  },
});

const TARGETS = ['lambda', 'fargate'] as const;
const EPOCH = 1;
const CLOCK = systemClock;
const folder = mkdtempSync(join(tmpdir(), 'slipway-burst-'));
writeFileSync(join(folder, 'model'), addConstantModel({ constant: 1 }));
const database = openDatabase(join(folder, 'registry.db'));
const servers = processServers({
  directory: join(folder, 'revisions'),
  images: join(folder, 'images'),
  objectPath: () => join(folder, 'model'),
  serverEntry: fileURLToPath(new URL('../runtimes/onnx/main.ts', import.meta.url)),
  walls: null,
  environment: process.env,
});
const { platforms, host, close } = localPlatforms({
  database,
  servers,
  clock: CLOCK,
  logDirectory: join(folder, 'logs'),
  // Slipway's own default.
  lambda: { ...LIMITS, maxInstances: 4 },
});
const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  revisions: host,
  database,
  clock: CLOCK,
});
const seen: Record<(typeof TARGETS)[number], Answered[]> = { lambda: [], fargate: [] };

for (const target of TARGETS) {
  const spec = revisionSpec('model', { model: target, revision: `${target}-v1` });
  await platforms[target].create(spec, EPOCH);
  const state = await platforms[target].describe(spec.revision, { waitMs: 60_000 });
  if (state.kind !== 'ready') throw new Error(`${target} is ${state.kind}`);
  await gateway.router.setShares(target, { [spec.revision]: 1 }, {}, EPOCH);
}
// Until the code of all is warm.
for (const target of TARGETS) await load(target, '5');
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const target of TARGETS) seen[target].push(...(await load(target)));
}
await gateway.close();
await close();
database.close();
rmSync(folder, { recursive: true });

console.log(
  `${values.rate} requests a second for ${values.seconds} s, ${values.rounds} times; load average ${loadavg()[0]?.toFixed(1)}`,
);
for (const target of TARGETS) {
  const took = seen[target]
    .filter(({ status }) => status === 200)
    .map(({ tookMs }) => tookMs)
    .sort((one, other) => one - other);
  const at = (share: number) => (took[Math.floor((took.length - 1) * share)] ?? NaN).toFixed(1);
  const lost = seen[target].filter(({ status }) => status !== 200);
  console.log(
    row(
      target,
      `lost ${lost.length} of ${seen[target].length}, p50 ${at(0.5)}, p99 ${at(0.99)} ms`,
    ),
  );
  for (const status of new Set(lost.map((one) => one.status))) {
    console.log(`  ${status}: ${lost.filter((one) => one.status === status).length}`);
  }
}

/** Runs the clients in a separate process. */
async function load(model: string, seconds = values.seconds): Promise<readonly Answered[]> {
  const child = fork(new URL('./burst-load.ts', import.meta.url), [
    ...[gateway.origin, model, values.rate, seconds],
  ]);
  const [answered] = await once(child, 'message');
  return answered;
}
