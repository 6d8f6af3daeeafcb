/** The defaults of transformers' image processors where preprocessor_config.json says nothing, by the names of their classes: https://github.com/huggingface/transformers/tree/main/src/transformers/models (image_processing_pil_*.py). */
export type Settings = Readonly<Record<string, unknown>>;

const [BILINEAR, BICUBIC] = [2, 3];
const HALVES = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const CLIP = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};
const square = (edge: number) => ({ height: edge, width: edge });

const USUAL: Settings = {
  ...HALVES,
  do_resize: true,
  do_rescale: true,
  do_normalize: true,
  do_center_crop: false,
  rescale_factor: 1 / 255,
  resample: BICUBIC,
  size: square(224),
};
const SHORTEST: Settings = { default_to_square: false, size: { shortest_edge: 224 } };
const CROPPED: Settings = { do_center_crop: true, crop_size: square(224) };

const OWN: Readonly<Record<string, Settings>> = {
  BeitImageProcessor: { crop_size: square(224) },
  BitImageProcessor: { ...SHORTEST, ...CROPPED, ...CLIP },
  CLIPImageProcessor: { ...SHORTEST, ...CROPPED, ...CLIP },
  ConvNextImageProcessor: { ...SHORTEST, size: { shortest_edge: 384 }, crop_pct: 224 / 256 },
  DeiTImageProcessor: { ...CROPPED, size: square(256) },
  EfficientNetImageProcessor: {
    size: square(346),
    crop_size: square(289),
    rescale_offset: false,
    include_top: true,
  },
  LevitImageProcessor: { ...SHORTEST, ...CROPPED, ...IMAGENET },
  MobileNetV1ImageProcessor: {
    ...SHORTEST,
    ...CROPPED,
    size: { shortest_edge: 256 },
    resample: BILINEAR,
  },
  MobileNetV2ImageProcessor: {
    ...SHORTEST,
    ...CROPPED,
    size: { shortest_edge: 256 },
    resample: BILINEAR,
  },
  MobileViTImageProcessor: {
    ...SHORTEST,
    ...CROPPED,
    crop_size: square(256),
    do_flip_channel_order: true,
  },
  PoolFormerImageProcessor: { ...SHORTEST, ...CROPPED, ...IMAGENET, crop_pct: 0.9 },
  PvtImageProcessor: IMAGENET,
  SegformerImageProcessor: { ...IMAGENET, size: square(512), resample: BILINEAR },
  SiglipImageProcessor: { default_to_square: false },
  ViTImageProcessor: { resample: BILINEAR },
};

export const PROCESSORS: readonly string[] = Object.keys(OWN);

/** The settings of a processor, those of the file first; undefined for an unknown processor. A null in the file means the class's own value. */
export function settingsOf(name: string, given: Settings): Settings | undefined {
  const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
  if (!own) return undefined;
  const said = Object.entries(given).filter(([, value]) => value !== null);
  return { ...USUAL, ...own, ...Object.fromEntries(said) };
}
