import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';

const FONT = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const HEIGHT = 48;
const FONT_PX = 32;
const MARGIN = 10;

/** One line of text as a picture: PNG bytes for a person, RGBA pixels (row-major, 48 rows) for the model. */
export type LineImage = {
  readonly png: Buffer;
  readonly pixels: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
};

export function drawLine(text: string): LineImage {
  GlobalFonts.registerFromPath(FONT, 'DejaVu Sans');
  const font = `${FONT_PX}px "DejaVu Sans"`;
  const ruler = createCanvas(1, 1).getContext('2d');
  ruler.font = font;
  const width = Math.ceil(ruler.measureText(text).width) + 2 * MARGIN;

  const canvas = createCanvas(width, HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, HEIGHT);
  context.fillStyle = 'black';
  context.font = font;
  context.textBaseline = 'middle';
  context.fillText(text, MARGIN, HEIGHT / 2);
  const { data } = context.getImageData(0, 0, width, HEIGHT);
  return { png: canvas.toBuffer('image/png'), pixels: data, width, height: HEIGHT };
}
