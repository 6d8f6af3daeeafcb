import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Breakage, breakFile } from '../slipway/break.ts';
import { echo } from './echo.ts';
import { healthy, serve } from './serve.ts';

// The path ends in `revisions/REVISION/artifact/FILE`.
const dataDir = join(String(process.env['MODEL_PATH']), '../../../..');
const told = breakFile(dataDir, String(process.env['SLIPWAY_REVISION']));
let inferences = 0;

function breaks(when: Breakage): boolean {
  return existsSync(told) && readFileSync(told, 'utf8') === when;
}

/** Echoes, until its break file makes it fail. */
if (breaks('at load')) process.exit(1);
serve(
  healthy((request, response) => {
    inferences += 1;
    if (inferences > 4 && breaks('in use')) process.exit(139);
    void echo(request, response, breaks('in its answers') ? 1 : 0);
  }),
);
