import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdFiles } from '../slipway/hold.ts';
import { echo } from './echo.ts';
import { healthy, serve } from './serve.ts';

const LOOK_MS = 20;
// The path ends in `revisions/REVISION/artifact/FILE`.
const dataDir = join(String(process.env['MODEL_PATH']), '../../../..');
const { held, waits } = holdFiles(dataDir, String(process.env['SLIPWAY_REVISION']));

/** Echoes, but gets ready and answers only while its revision is not held. */
serve(
  healthy(async (request, response) => {
    await released();
    void echo(request, response);
  }),
  released(),
);

async function released(): Promise<void> {
  if (existsSync(held)) writeFileSync(waits, '');
  while (existsSync(held)) await sleep(LOOK_MS);
}
