import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { modelLayers } from '#domain/build/image-layers.ts';
import { COMMANDS } from '../../support/local/commands.ts';

const MIB = 1024 * 1024;

async function builtLayers(
  files: readonly { readonly name: string; readonly sizeBytes: number }[],
) {
  const { layersOf } = await import(String(pathToFileURL(join(COMMANDS, 'layer-plan.mjs'))));
  const folder = mkdtempSync(join(tmpdir(), 'slipway-planned-'));
  try {
    for (const { name, sizeBytes } of files) {
      const path = join(folder, 'model', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
      truncateSync(path, sizeBytes);
    }
    const layers: readonly { readonly bytes: number }[] = await layersOf(folder, new Map());
    return layers.map(({ bytes }) => bytes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the layers that are expected of a model', () => {
  it('are those that a build makes of its files', async () => {
    const file = fc.record({
      name: fc.stringMatching(/^[a-z0-9]{1,4}(-[0-9]|\/[a-z]{1,3})?\.[a-z]{2}$/),
      sizeBytes: fc.oneof(fc.nat(64 * MIB), fc.nat(1200 * MIB), fc.constant(16 * MIB)),
    });
    const artifact = fc.uniqueArray(file, { selector: ({ name }) => name, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(artifact, async (files) => {
        expect(modelLayers(files)).toEqual(await builtLayers(files));
      }),
      { numRuns: 60 },
    );
  });

  it('are eight or more of 3.8 GB in shards of up to half a GB', () => {
    const shards = Array.from({ length: 10 }, (_, index) => ({
      name: `model-${index}.safetensors`,
      sizeBytes: 380_000_000,
    }));

    expect(modelLayers(shards)).toHaveLength(11);
  });
});
