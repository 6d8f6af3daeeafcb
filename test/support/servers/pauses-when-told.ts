import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pauseFiles } from '../slipway/pause.ts';
import { healthy, serve } from './serve.ts';

type Body = {
  readonly inputs: readonly {
    readonly data: readonly number[];
    readonly shape: readonly number[];
  }[];
};

// The path ends in `revisions/REVISION/artifact/FILE`.
const dataDir = join(String(process.env['MODEL_PATH']), '../../../..');
const revision = String(process.env['SLIPWAY_REVISION']);
const { pauses, paused } = pauseFiles(dataDir, revision);
let asked = 0;

/** Echoes; as a later version than the first, it adds 1 to what 3 divides. While it is told so, it never answers a certain request. */
serve(
  healthy(async (request, response) => {
    const { inputs } = (await json(request)) as Body;
    if (existsSync(pauses)) {
      asked += 1;
      if (asked === Number(readFileSync(pauses, 'utf8'))) return writeFileSync(paused, '');
    }
    const { data = [], shape = [] } = inputs[0] ?? {};
    const isLater = !revision.endsWith('-v1');
    const answers = data.map((value) => (isLater && value % 3 === 0 ? value + 1 : value));
    const outputs = [{ name: 'y', datatype: 'FP32', shape, data: answers }];
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ model_name: process.env['MODEL_NAME'], outputs }));
  }),
);
