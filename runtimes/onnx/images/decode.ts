import { isRefusal, refusal } from '../refusal.ts';
import { worded } from '../worded.ts';
import type { Pixels } from './pixels.ts';

// A photo of 24 million pixels, as cameras take them. src/domain/placement/image-memory.ts counts the memory that it takes.
export const MOST_PIXELS = 25_000_000;
// The shorter edge is often resized to a certain length, and the longer one with it.
const MOST_RATIO = 100;

type Sharp = typeof import('sharp').default;
let loaded: Promise<Sharp> | undefined;

/** A PNG, JPEG or WebP in RGB, upright as its EXIF says, without its transparency: to the bit the same as Pillow's. Refuses any other file with 400, and one that it would have to guess at. */
export async function decoded(bytes: Uint8Array, label: string): Promise<Pixels> {
  if (!isImage(bytes)) throw refusal(400, worded('notAnImage', label));
  loaded ??= load();
  const sharp = await loaded;
  try {
    // This reads only the header, so that we set the limit, and not the library.
    const told = await sharp(bytes, { limitInputPixels: false }).metadata();
    refuseOther(told, label);
    const image = sharp(bytes, {
      limitInputPixels: MOST_PIXELS,
      failOn: 'truncated',
      ignoreIcc: true,
    });
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    if (isRefusal(error)) throw error;
    throw refusal(400, worded('imageUnreadable', label, firstLine(error)));
  }
}

/** Imported late: a server of another model does not need it. */
async function load(): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  // Its cache would keep 50 MB of recently decoded images.
  sharp.cache(false);
  return sharp;
}

type PictureHeader = {
  readonly width: number;
  readonly height: number;
  readonly space: string;
  readonly depth: string;
};

function refuseOther({ width, height, space, depth }: PictureHeader, label: string): void {
  const size = `${label} is ${width} x ${height} pixels`;
  if (width * height > MOST_PIXELS) {
    throw refusal(400, worded('tooManyPixels', size, MOST_PIXELS));
  }
  if (Math.max(width, height) > MOST_RATIO * Math.min(width, height)) {
    throw refusal(400, worded('tooLong', size, MOST_RATIO));
  }
  if (space === 'cmyk' || depth !== 'uchar') {
    const is = space === 'cmyk' ? 'in CMYK' : worded('of16Bits');
    throw refusal(400, worded('takes8Bits', label, is));
  }
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const JPEG = Buffer.from('ffd8ff', 'hex');

function isImage(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 12));
  const isWebp = head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8) === 'WEBP';
  return head.indexOf(PNG) === 0 || head.indexOf(JPEG) === 0 || isWebp;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0] ?? '';
}
