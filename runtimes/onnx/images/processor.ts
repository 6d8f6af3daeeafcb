import { objectIn } from '../language/folder.ts';
import { isObject, show } from '../values/json.ts';
import type { Size } from './pixels.ts';
import { type Settings, settingsOf } from './processors.ts';
import { FILTER_COUNT } from './resample.ts';

/** How an image becomes the numbers of a network: resized by Pillow's filter of this number, cut to its middle, and each value of a channel by a table of 256; `channels` says which of red, green and blue comes first. */
export type Preparation = {
  readonly filter: number;
  readonly sizeFor: (image: Size) => Size;
  readonly crops: readonly Size[];
  readonly levels: readonly Float32Array[];
  readonly channels: readonly number[];
};

type Wanted = Size | { readonly shortest: number };

const MOST_EDGE = 2048;
// Below this size ConvNeXT's processor cuts an image, from it on only resizes it.
const LEAST_UNCUT = 384;
const LEVIT_MARGIN = 256 / 224;

/** Reads how the folder's image processor prepares an image. Throws where the processor is unknown, or a setting is invalid. */
export async function readPreparation(folder: string): Promise<Preparation> {
  const given = await settingsIn(folder);
  const name = nameOf(given);
  const settings = settingsOf(name, given);
  if (!settings) throw new Error(`the image processor is "${name}", which this server has not`);
  if (settings['do_pad'])
    throw new Error('the image processor pads images, which this one does not');
  const filter = settings['resample'];
  if (!isFilter(filter)) throw new Error(`resample is ${show(filter)}; it takes 0 to 5`);
  const isFlipped =
    name === 'MobileViTImageProcessor' && Boolean(settings['do_flip_channel_order']);
  return {
    filter,
    ...sizing(name, settings),
    levels: [0, 1, 2].map((channel) => levelsOf(name, settings, channel)),
    channels: isFlipped ? [2, 1, 0] : [0, 1, 2],
  };
}

async function settingsIn(folder: string): Promise<Settings> {
  const nested = (await objectIn(folder, 'processor_config.json'))?.['image_processor'];
  const found = isObject(nested) ? nested : await objectIn(folder, 'preprocessor_config.json');
  if (found) return found;
  throw new Error('the folder of the model has no preprocessor_config.json');
}

/** The processor's present name: those of older versions end in FeatureExtractor, or in Fast. */
function nameOf(given: Settings): string {
  const named = given['image_processor_type'] ?? given['feature_extractor_type'];
  return String(named ?? '')
    .replace(/FeatureExtractor$/, 'ImageProcessor')
    .replace(/(Fast|Pil)$/, '');
}

function isFilter(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < FILTER_COUNT;
}

type Sizing = Pick<Preparation, 'sizeFor' | 'crops'>;

function sizing(name: string, settings: Settings): Sizing {
  const isCropped = Boolean(settings['do_center_crop']) && name !== 'SegformerImageProcessor';
  const crops = isCropped ? [cropOf(settings['crop_size'])] : [];
  if (!settings['do_resize']) return { sizeFor: (image) => image, crops };
  const wanted = wantedOf(settings['size'], settings['default_to_square'] !== false);
  const share = Number(settings['crop_pct']);
  if (name === 'ConvNextImageProcessor') return convNext(wanted, share, crops);
  if (name === 'PoolFormerImageProcessor') return { sizeFor: enlarged(wanted, share), crops };
  if (name === 'LevitImageProcessor' && 'shortest' in wanted)
    return { sizeFor: shortest(Math.trunc(LEVIT_MARGIN * wanted.shortest)), crops };
  return { sizeFor: 'shortest' in wanted ? shortest(wanted.shortest) : () => wanted, crops };
}

function convNext(wanted: Wanted, share: number, crops: readonly Size[]): Sizing {
  if (!('shortest' in wanted)) throw new Error('size has no shortest_edge, which ConvNeXT takes');
  const edge = wanted.shortest;
  const square = { width: edge, height: edge };
  if (edge >= LEAST_UNCUT) return { sizeFor: () => square, crops };
  return { sizeFor: shortest(Math.trunc(edge / share)), crops: [square, ...crops] };
}

/** Enlarges the image so that the middle, which is cut out, is this share of its edge. */
function enlarged(wanted: Wanted, share: number): (image: Size) => Size {
  if ('shortest' in wanted) return shortest(Math.trunc(wanted.shortest / share));
  const { width, height } = wanted;
  if (width === height) return shortest(Math.trunc(height / share));
  return () => ({ width: Math.trunc(width / share), height: Math.trunc(height / share) });
}

/** Keeps the proportions: the shorter edge gets this length. */
function shortest(edge: number): (image: Size) => Size {
  return ({ width, height }) =>
    width <= height
      ? { width: edge, height: Math.trunc((edge * height) / width) }
      : { width: Math.trunc((edge * width) / height), height: edge };
}

function wantedOf(size: unknown, isSquare: boolean): Wanted {
  const said = Object.entries(named(size, isSquare)).filter(([, each]) => each !== null);
  const names = said.map(([name]) => name).sort();
  const edges = new Map(said.flatMap(([name, each]) => (isEdge(each) ? [[name, each]] : [])));
  const [shortest, height, width] = ['shortest_edge', 'height', 'width'].map((name) =>
    edges.get(name),
  );
  if (shortest && names.join() === 'shortest_edge') return { shortest };
  if (height && width && names.join() === 'height,width') return { height, width };
  throw new Error(
    `size is ${JSON.stringify(size)}; it takes height and width, or shortest_edge, of 1 to ${MOST_EDGE}`,
  );
}

/** One number is a square or the shorter edge, two are height and width. */
function named(size: unknown, isSquare: boolean): Settings {
  if (Array.isArray(size)) return { height: size[0], width: size[1] };
  if (isObject(size)) return size;
  return isSquare ? { height: size, width: size } : { shortest_edge: size };
}

function cropOf(size: unknown): Size {
  const wanted = wantedOf(size, true);
  if ('width' in wanted) return wanted;
  throw new Error(`crop_size is ${JSON.stringify(size)}; it takes height and width`);
}

function isEdge(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_EDGE;
}

/** The value that each value of a channel becomes, rounded to single precision after each step, as numpy does. */
function levelsOf(name: string, settings: Settings, channel: number): Float32Array {
  const number = (key: string) => numberOf(settings[key], channel, key);
  const [mean, deviation] = [Math.fround(number('image_mean')), Math.fround(number('image_std'))];
  const factor = number('rescale_factor');
  const isRescaled = Boolean(settings['do_rescale']);
  const isNormalized = Boolean(settings['do_normalize']) && name !== 'MobileViTImageProcessor';
  const rescale = [(value: number) => value * factor];
  const offset = [(value: number) => value - 1];
  const divide = [(value: number) => value / deviation];
  const steps = [
    ...(isRescaled ? rescale : []),
    ...(isRescaled && settings['rescale_offset'] ? offset : []),
    ...(isNormalized ? [(value: number) => value - mean, ...divide] : []),
    ...(settings['include_top'] ? divide : []),
  ];
  return Float32Array.from({ length: 256 }, (_, value) =>
    steps.reduce((level, step) => Math.fround(step(level)), value),
  );
}

function numberOf(value: unknown, channel: number, key: string): number {
  const found: unknown = Array.isArray(value) ? value[channel] : value;
  if (typeof found === 'number') return found;
  throw new Error(`${key} is ${JSON.stringify(value)}; it takes a number, or one for each channel`);
}
