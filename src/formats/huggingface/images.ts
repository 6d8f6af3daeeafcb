import type { ImageServing } from '#domain/artifact/facts.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import processors from '#formats/data/image-processors.json' with { type: 'json' };
import { rejected } from '#formats/rejected.ts';
import { countOf, isObject, type Json, objectIn, textOf } from './json-file.ts';
import { refuseCode } from './network.ts';

type Files = readonly ArtifactFile[];

const NAME = 'preprocessor_config.json';
const RESAVE =
  'Save the image processor beside the weights: `AutoImageProcessor.from_pretrained(FOLDER).save_pretrained(FOLDER)`, and upload the whole folder.';
const USUAL_EDGE = 224;
const FILTERS = 6;

/** Reads how a folder's images are prepared. Fails with `ArtifactRejected` where no file describes it, or the author's own code does it. */
export async function imagesIn(files: Files, folder: string): Promise<ImageServing> {
  const config = await processorIn(files, folder);
  refuseCode(config, NAME);
  const named = textOf(config['image_processor_type']) ?? textOf(config['feature_extractor_type']);
  if (named === null) {
    throw rejected(`${within(folder, NAME)} names no image processor`, `${RESAVE} Or ${BY_CODE}.`);
  }
  // Older versions of transformers gave the classes these endings.
  const processor = named.replace(/FeatureExtractor$/, 'ImageProcessor').replace(/(Fast|Pil)$/, '');
  return { processor, ...sizeOf(config), isPrepared: isPrepared(processor, config) };
}

/** The image processor's part of a configuration that several processors share. */
async function processorIn(files: Files, folder: string): Promise<Json> {
  const shared = (await objectIn(files, folder, 'processor_config.json'))?.['image_processor'];
  const config = isObject(shared) ? shared : await objectIn(files, folder, NAME);
  if (config) return config;
  throw rejected(
    `${folder === '.' ? 'the folder' : folder} has no ${NAME}, without which no image becomes numbers`,
    `${RESAVE} Without one, set \`model.format: onnx\` in model.yaml: it then takes tensors.`,
  );
}

/** The size that reaches the network: that of the crop, else that of the resized image; transformers' usual size where neither is given. */
function sizeOf(config: Json): { readonly width: number; readonly height: number } {
  const isCropped = config['do_center_crop'] === true;
  const size = (isCropped && config['crop_size']) || config['size'];
  const [height, width] = isObject(size)
    ? [size['height'] ?? size['shortest_edge'], size['width'] ?? size['shortest_edge']]
    : Array.isArray(size)
      ? size
      : [size, size];
  return { width: countOf(width) ?? USUAL_EDGE, height: countOf(height) ?? USUAL_EDGE };
}

/** Whether the ONNX server prepares images as this processor does: runtimes/onnx/images. */
function isPrepared(processor: string, config: Json): boolean {
  const filter = config['resample'] ?? 0;
  const isFilter = Number.isInteger(filter) && Number(filter) >= 0 && Number(filter) < FILTERS;
  const sizes = [config['size'], config['crop_size']].filter(isObject);
  const areSizes = sizes.every((size) => !size['longest_edge'] && !size['max_height']);
  return processors.includes(processor) && isFilter && areSizes && !config['do_pad'];
}
