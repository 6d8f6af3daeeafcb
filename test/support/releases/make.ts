// Keeps a release's data folder, from which later releases have to upgrade: `node test/support/releases/make.ts VERSION`. `.ci/release` runs it.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packagedFolder } from '../../template/packaged.ts';
import { TEMPLATE } from '../../template/template.ts';
import { addConstantModel } from '../models/onnx.ts';
import { startSlipway, temporaryFolder } from '../slipway/running.ts';
import { RELEASED, RELEASES } from './releases.ts';

const KEPT = ['registry.db', 'objects', 'bucket'];

const [version] = process.argv.slice(2);
if (!version) throw new Error('usage: make.ts VERSION');
const to = join(RELEASES, version);
await rm(to, { recursive: true, force: true });
await mkdir(join(to, 'data-folder'), { recursive: true });

await using folder = await temporaryFolder();
await using slipway = await startSlipway(folder.path);
for (const [at, constant] of RELEASED.constants.entries()) {
  slipway.drop(RELEASED.key, addConstantModel({ constant }));
  await slipway.ending('shapes', at + 1);
}
slipway.drop('models/refused/refused.onnx', 'no model');
await slipway.ending('refused', 1);
await slipway.settled('shapes');
await slipway.stop();
for (const name of KEPT) {
  await cp(join(folder.path, name), join(to, 'data-folder', name), { recursive: true });
}

const template = await readFile(join(await packagedFolder(), TEMPLATE));
await writeFile(join(to, 'template.json.gz'), gzipSync(template, { level: 9 }));
