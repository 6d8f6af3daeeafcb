import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { decoded } from '../../../../runtimes/onnx/images/decode.ts';

const FIXTURES = new URL('../../../fixtures/images/', import.meta.url);
const PNG = readFileSync(new URL('rgb.png', FIXTURES));
const JPEG = readFileSync(new URL('wide.jpg', FIXTURES));

describe('an image is refused', () => {
  it.each<[string, Uint8Array, string]>([
    ['that is none', Buffer.from('GIF89a and so on'), 'inputs is not a PNG, JPEG or WebP image'],
    ['that is empty', new Uint8Array(), 'inputs is not a PNG, JPEG or WebP image'],
    ['that is a drawing', Buffer.from('<svg width="9" height="9"/>'), 'is not a PNG'],
    ['that ends too early', JPEG.subarray(0, 1500), 'inputs is an image that cannot be read'],
    ['that is a head alone', PNG.subarray(0, 40), 'inputs is an image that cannot be read'],
    [
      'that would take 40 GB',
      pngOf(100_000, 100_000),
      'inputs is 100000 x 100000 pixels; the limit is 25000000 pixels',
    ],
    [
      'that would be resized to a ribbon',
      pngOf(50_000, 2),
      'inputs is 50000 x 2 pixels; one edge may be 100 times as long as the other',
    ],
    ['in colours of print', fixture('cmyk.jpg'), 'inputs is in CMYK; it takes RGB or gray'],
    ['in 16 bits', fixture('sixteen-bits.png'), 'inputs is of 16 bits a channel'],
  ])('%s', async (_, bytes, message) => {
    await expect(decoded(bytes, 'inputs')).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    });
  });
});

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(name, FIXTURES));
}

/** A PNG whose header says this size, of which it has but a few bytes. */
function pngOf(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = PNG.subarray(0, 8);
  const data = deflateSync(Buffer.alloc(100));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND')]);
}

function chunk(name: string, content = Buffer.alloc(0)): Buffer {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  const named = Buffer.concat([Buffer.from(name), content]);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
