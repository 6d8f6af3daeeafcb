import type { Raster } from './form.ts';
import { nested } from './request.ts';

/** How the values of pixels are scaled for a model: what a signature does not say. */
export type Scale = 'unit' | 'signed' | 'bytes' | 'imagenet' | 'sixteen';

export const SCALES: Readonly<Record<Scale, string>> = {
  unit: '0 to 1',
  signed: '−1 to 1',
  bytes: '0 to 255',
  imagenet: "ImageNet's mean and deviation",
  sixteen: '0 to 16',
};

// The values of torchvision's models: https://docs.pytorch.org/vision/stable/models.html
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;

/** The tensor of a picture of RGBA bytes, `width` × `height`, as nested lists. A grey one has the luminance of ITU-R BT.601. */
export function tensorOf(
  rgba: ArrayLike<number>,
  { width, height }: { readonly width: number; readonly height: number },
  { layout, channels, shape }: Raster,
  scale: Scale,
): unknown {
  const count = width * height;
  const channelOf = (pixel: number, channel: number) => {
    const at = (offset: number) => rgba[pixel * 4 + offset] ?? 0;
    const byte = channels === 3 ? at(channel) : 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2);
    return scaled(byte, channel, scale);
  };
  const values =
    layout === 'pixels'
      ? Array.from({ length: count * channels }, (_, at) =>
          channelOf(Math.floor(at / channels), at % channels),
        )
      : Array.from({ length: count * channels }, (_, at) =>
          channelOf(at % count, Math.floor(at / count)),
        );
  return nested(values, filled(shape, layout, width, height));
}

function scaled(byte: number, channel: number, scale: Scale): number {
  if (scale === 'bytes') return Math.round(byte);
  if (scale === 'sixteen') return Math.round((byte / 255) * 16);
  const unit = byte / 255;
  if (scale === 'signed') return Number((unit * 2 - 1).toFixed(4));
  const value = scale === 'unit' ? unit : (unit - (MEAN[channel] ?? 0)) / (DEVIATION[channel] ?? 1);
  return Number(value.toFixed(4));
}

/** The shape with its free lengths set: one picture of this size. */
function filled(
  shape: readonly number[],
  layout: Raster['layout'],
  width: number,
  height: number,
): readonly number[] {
  if (layout === 'flat') return [1, width * height];
  const [rows, columns] = layout === 'pixels' ? [1, 2] : [shape.length - 2, shape.length - 1];
  return shape.map((length, axis) => {
    if (length !== -1) return length;
    if (axis === rows) return height;
    return axis === columns ? width : 1;
  });
}

/** The size at which a picture is sent: the model's own, or where that is free the picture's own, at most 640 on its longer side. */
export function sizeFor(
  raster: Raster,
  natural: { readonly width: number; readonly height: number },
) {
  const ratio = natural.width / Math.max(1, natural.height);
  const { width, height } = raster;
  if (width > 0 && height > 0) return { width, height };
  if (height > 0) return { width: Math.max(8, Math.round(height * ratio)), height };
  if (width > 0) return { width, height: Math.max(8, Math.round(width / ratio)) };
  const shrunk = Math.min(1, 640 / Math.max(natural.width, natural.height));
  return {
    width: Math.max(8, Math.round(natural.width * shrunk)),
    height: Math.max(8, Math.round(natural.height * shrunk)),
  };
}
