import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decoded } from '../../../../runtimes/onnx/images/decode.ts';
import { prepared } from '../../../../runtimes/onnx/images/prepare.ts';
import { readPreparation } from '../../../../runtimes/onnx/images/processor.ts';
import { PROCESSORS } from '../../../../runtimes/onnx/images/processors.ts';
import { resized } from '../../../../runtimes/onnx/images/resample.ts';
import known from '../../../../src/formats/data/image-processors.json' with { type: 'json' };
import { temporaryFolder } from '../../../support/slipway/running.ts';

type Case = { readonly width: number; readonly height: number; readonly sha256: string };
type Expected = {
  readonly decoded: readonly (Case & { readonly file: string })[];
  readonly resized: readonly (Case & { readonly filter: number })[];
  readonly prepared: readonly (Case & { readonly file: string; readonly settings: object })[];
};

// The images as Pillow and transformers read them: test/fixtures/images/make.py.
const FIXTURES = new URL('../../../fixtures/images/', import.meta.url);
const expected: Expected = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8'));

const VIT = { image_processor_type: 'ViTImageProcessor' };

describe('an image becomes to the bit', () => {
  it.each(expected.decoded)('what Pillow decodes of $file', async ({ file, ...wanted }) => {
    expect(hashed(await imageIn(file))).toEqual(wanted);
  });

  it.each(expected.resized)(
    'what Pillow resizes by filter $filter to $width x $height',
    async ({ filter, ...wanted }) => {
      expect(hashed(resized(await imageIn('rgb.png'), wanted, filter))).toEqual(wanted);
    },
  );

  it.each(expected.prepared)(
    'what transformers prepares of $file by $settings',
    async ({ file, settings, ...wanted }) => {
      const preparation = await preparationBy({ 'preprocessor_config.json': settings });

      expect(hashed(prepared(await imageIn(file), preparation))).toEqual(wanted);
    },
  );
});

describe('an image processor', () => {
  it.each<[string, object]>([
    ['an older name', { image_processor_type: 'ViTFeatureExtractor' }],
    ['an older key', { feature_extractor_type: 'ViTFeatureExtractor' }],
    ['the name of a faster class', { image_processor_type: 'ViTImageProcessorFast' }],
    ['what says nothing', { image_processor_type: 'ViTImageProcessor', resample: null }],
  ])('is known by %s', async (_, settings) => {
    const { sizeFor } = await preparationBy({ 'preprocessor_config.json': settings });

    expect(sizeFor({ width: 5, height: 9 })).toEqual({ width: 224, height: 224 });
  });

  it('is first looked for in what several share', async () => {
    const { sizeFor } = await preparationBy({
      'processor_config.json': { image_processor: { ...VIT, size: { height: 8, width: 9 } } },
      'preprocessor_config.json': VIT,
    });

    expect(sizeFor({ width: 5, height: 9 })).toEqual({ width: 9, height: 8 });
  });

  it.each<[string, object, string]>([
    ['is missing', {}, 'has no preprocessor_config.json'],
    ['is not known', config({ image_processor_type: 'SamImageProcessor' }), '"SamImageProcessor"'],
    ['pads', config({ do_pad: true }), 'pads images'],
    ['resizes by another filter', config({ resample: 6 }), 'resample is 6; it takes 0 to 5'],
    ['has no size', config({ size: { longest_edge: 5 } }), 'size is {"longest_edge":5}'],
    ['has a size beyond reason', config({ size: 100_000 }), 'of 1 to 2048'],
    [
      'cuts nothing out',
      config({ do_center_crop: true, crop_size: { shortest_edge: 5 } }),
      'crop_size is {"shortest_edge":5}',
    ],
    ['has too few means', config({ image_mean: [0.5] }), 'image_mean is [0.5]'],
    [
      'has no edge where it needs one',
      config({ image_processor_type: 'ConvNextImageProcessor', size: { height: 5, width: 5 } }),
      'size has no shortest_edge',
    ],
  ])('is refused that %s', async (_, files, message) => {
    await expect(preparationBy(files)).rejects.toThrow(message);
  });

  it('is one of those that the inspection takes for known', () => {
    expect([...PROCESSORS].sort()).toEqual(known);
  });
});

function config(settings: object): object {
  return { 'preprocessor_config.json': { ...VIT, ...settings } };
}

async function preparationBy(files: object) {
  await using folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder.path, name), JSON.stringify(content));
  return await readPreparation(folder.path);
}

function imageIn(file: string) {
  return decoded(readFileSync(new URL(file, FIXTURES)), 'the image');
}

type Bytes = Uint8Array | Uint8ClampedArray | Float32Array;

function hashed({ width, height, data }: Omit<Case, 'sha256'> & { readonly data: Bytes }) {
  return { width, height, sha256: createHash('sha256').update(data).digest('hex') };
}
