import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { COMMANDS, run } from '../../../support/local/commands.ts';

const { modelLayer } = await import(String(pathToFileURL(join(COMMANDS, 'model-layer.mjs'))));

describe('the layer of a small model', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-layer-'));
    mkdirSync(join(folder, 'served'));
    writeFileSync(join(folder, 'served', 'facts.json'), '{}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has its files also when the registry takes its time before it reads any', async () => {
    const file = join(folder, 'layer.tgz');
    const layer = modelLayer(join(folder, 'served'));

    // Several, one after the other: longer than the layer's own takes.
    for (let times = 0; times < 3; times += 1) await run('tar', ['--create', folder]);
    writeFileSync(file, await buffer(layer.bytes));

    const { out } = await run('tar', ['--list', '--gzip', '--file', file]);
    expect(out.trim().split('\n')).toEqual(['opt/', 'opt/facts.json']);
  });
});
