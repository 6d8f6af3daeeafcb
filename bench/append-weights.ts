// Measures the time of new weights for a known environment, from the file to the pushed image: our append beside `docker build` and push, `crane append`, and `sha256sum` and `cp`, which read and write the same bytes.
// The sides take turns, each time with bytes that none of them has seen; and with a version that has the weights of the one before and another small file. Needs the same tools as .ci/docker. `node bench/append-weights.ts [ROUNDS] [MB]`
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CRANE } from '../test/docker/docker.ts';
import { ONNX, openImageWorld } from '../test/docker/image-world.ts';
import { row, spread } from './figures.ts';

const run = promisify(execFile);
const ROUNDS = Number(process.argv[2] ?? 5);
const MB = Number(process.argv[3] ?? 200);

const APPEND = `
import { imagesInRegistry } from './buildspecs/commands/images-in-registry.mjs';
const [models, environments, environment, folder, tag, previous, hash] = process.argv.slice(1);
const images = await imagesInRegistry(models, environments);
const hashes = new Map(hash ? [['./model/weights.bin', hash]] : []);
await images.append({ environment, folder, labels: {}, tag, hashes, previous });
`;

const world = await openImageWorld();
const { repository, environments } = world;
const base = `${environments}:${ONNX.tag}`;
const root = await mkdtemp(join(tmpdir(), 'slipway-bench-'));

const append = (folder: string, tag: string, ...known: readonly string[]) =>
  run(process.execPath, [
    ...['--input-type=module', '--eval', APPEND],
    ...[repository, environments, ONNX.tag, join(folder, 'served'), tag, ...known],
  ]);
const KNOWN = 'append, weights known';
let before = '';

const SIDES: Readonly<Record<string, (folder: string, tag: string) => Promise<unknown>>> = {
  append: (folder, tag) => append(folder, tag),
  async [KNOWN](folder, tag) {
    await writeFile(join(folder, 'served/model/note.txt'), tag);
    await append(folder, tag, before, 'the same');
    before = tag;
  },
  async 'docker build + push'(folder, tag) {
    await writeFile(join(folder, 'Dockerfile'), `FROM ${base}\nCOPY served/ /opt/\n`);
    const options = '--quiet --load --provenance=false --tag'.split(' ');
    await run('docker', ['buildx', 'build', ...options, `${repository}:${tag}`, folder]);
    await run('docker', ['push', '--quiet', `${repository}:${tag}`]);
  },
  async 'crane append'(folder, tag) {
    const tar = join(folder, 'layer.tar');
    await run('tar', [
      '--create',
      '--file',
      tar,
      '--transform',
      's,^served,opt,',
      '-C',
      folder,
      'served',
    ]);
    const to = ['--base', base, '--new_layer', tar, '--new_tag', `${repository}:${tag}`];
    await run(CRANE, ['append', '--insecure', ...to]);
  },
  async 'sha256sum + cp'(folder) {
    const file = join(folder, 'served/model/weights.bin');
    await run('sha256sum', [file]);
    await run('cp', [file, join(folder, 'copy')]);
  },
};

const times = new Map(Object.keys(SIDES).map((name) => [name, [] as number[]]));
// The first round fills the caches of each side: it is not counted.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, task] of Object.entries(SIDES)) {
    const folder = join(root, `${round}-${name.replaceAll(/\W+/g, '-')}`);
    await mkdir(join(folder, 'served/model'), { recursive: true });
    const bytes = Buffer.alloc(MB * 1e6);
    if (name !== KNOWN) randomFillSync(bytes);
    await writeFile(join(folder, 'served/model/weights.bin'), bytes);
    const startMs = performance.now();
    await task(folder, `weights-${round}-${name.replaceAll(/\W+/g, '-')}`);
    if (round > 0) times.get(name)?.push(performance.now() - startMs);
    await rm(folder, { recursive: true });
  }
}
await rm(root, { recursive: true });
await world.close();

console.log(`${MB} MB of new weights, ${ROUNDS} rounds, ms (min / median / max)`);
for (const [name, values] of times) console.log(row(name, spread(values)));
const ours = times.get('append') ?? [];
for (const [name, aim] of [
  ['docker build + push', 'at least 5'],
  ['crane append', 'at least 1.5'],
  ['sha256sum + cp', 'at least 0.67: ours takes at most 1.5 times as long'],
] as const) {
  const ratios = (times.get(name) ?? []).map((ms, round) => ms / (ours[round] ?? Number.NaN));
  console.log(row(`${name} / append`, `${spread(ratios, 2)} (aim ${aim})`));
}
