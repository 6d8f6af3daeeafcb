import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import limits from '#domain/data/image-limits.json' with { type: 'json' };
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { missingPrograms, needing } from '../../../support/needs.ts';

const command = (name: string) => import(String(pathToFileURL(join(COMMANDS, name))));
const { modelLayer } = await command('model-layer.mjs');
const { layersOf } = await command('layer-plan.mjs');
const MIB = 1024 * 1024;

needing(missingPrograms('tar'), () => {
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
      const layer = modelLayer(join(folder, 'served'), ['.', './facts.json']);

      // Several, one after the other: longer than the layer's own takes.
      for (let times = 0; times < 3; times += 1) await run('tar', ['--create', folder]);
      writeFileSync(file, await buffer(layer.bytes));

      const { out } = await run('tar', ['--list', '--gzip', '--file', file]);
      expect(out.trim().split('\n')).toEqual(['opt/', 'opt/facts.json']);
    });
  });
});

describe('the layers of a large model', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-layers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Files of these sizes that take no room on the disk. */
  function holding(files: Readonly<Record<string, number>>) {
    for (const [name, bytes] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
      truncateSync(path, bytes);
    }
  }

  type Layer = {
    readonly paths: readonly string[];
    readonly bytes: number;
    readonly key: string | null;
  };
  const planned = (hashes = new Map<string, string>()): Promise<readonly Layer[]> =>
    layersOf(folder, hashes);

  it('are its weights by whole files, in the order of their names, and then all else', async () => {
    holding({
      'facts.json': 10,
      'model/config.json': 10,
      'model/deep/part-2.safetensors': 600 * MIB,
      'model/part-1.safetensors': 400 * MIB,
      'model/part-3.safetensors': 16 * MIB,
      'model/part-4.safetensors': 500 * MIB,
      'model/tokenizer.json': 16 * MIB - 1,
    });

    const layers = await planned();

    expect(layers.map(({ paths, bytes }) => [paths, bytes])).toEqual([
      [['.', './model', './model/deep', './model/deep/part-2.safetensors'], 600 * MIB],
      [['.', './model', './model/part-1.safetensors', './model/part-3.safetensors'], 416 * MIB],
      [['.', './model', './model/part-4.safetensors'], 500 * MIB],
      [
        [
          '.',
          './facts.json',
          './model',
          './model/config.json',
          './model/deep',
          './model/tokenizer.json',
        ],
        16 * MIB + 19,
      ],
    ]);
  });

  it('are known by the sha256 of their files alone', async () => {
    const weights = './model/weights.gguf';
    holding({ 'model/weights.gguf': 20 * MIB, 'facts.json': 10 });
    const keyed = async (hash: string) => (await planned(new Map([[weights, hash]])))[0]?.key;

    const first = await keyed('one');
    holding({ 'facts.json': 20 });

    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await keyed('one')).toBe(first);
    expect(await keyed('two')).not.toBe(first);
    expect((await planned())[0]?.key).toBeNull();
    expect((await planned(new Map([[weights, 'one']]))).at(-1)?.key).toBeNull();
  });

  it('are never more than an engine takes, with those of what serves it', async () => {
    const parts = Array.from({ length: 1000 }, (_, index) => [
      `model/part-${String(index).padStart(4, '0')}.safetensors`,
      index % 2 === 0 ? 16 * MIB : 180 * MIB,
    ]);
    holding(Object.fromEntries(parts));

    const layers = await planned();

    expect(layers.length).toBeLessThanOrEqual(50);
    expect(limits.layersMax - layers.length).toBeGreaterThan(70);
    const paths = layers.flatMap((layer) => layer.paths).filter((path) => /part-/.test(path));
    expect(new Set(paths).size).toBe(parts.length);
    expect(paths).toHaveLength(parts.length);
  });

  it('are refused above the limit that our data name', () => {
    const text = readFileSync(join(COMMANDS, 'images-in-registry.mjs'), 'utf8');

    expect(text).toContain(`const MOST_LAYERS = ${limits.layersMax};`);
  });
});
