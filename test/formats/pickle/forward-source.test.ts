import { readerOf } from '#formats/bytes/byte-reader.ts';
import { forwardSource, KEPT_BYTES } from '#formats/pickle/forward-source.ts';
import { pickleInput } from '#formats/pickle/input.ts';
import { bytesSource } from '../../support/bytes/sources.ts';

const MIB = 2 ** 20;
const BEHIND = 'behind it';

/** Numbers whose every four bytes say where they stand. */
function within(sizeBytes: number) {
  const numbers = Uint32Array.from({ length: sizeBytes / 4 }, (_, at) => at);
  const bytes = Buffer.concat([Buffer.from(numbers.buffer), Buffer.from(BEHIND)]);
  const input = pickleInput(readerOf(bytesSource(bytes)), 'm.pkl');
  return { bytes, input, source: forwardSource(input, sizeBytes) };
}

describe('what stands in a pickle, as a file of its own,', () => {
  it('is read to and fro where it is kept whole', async () => {
    const { bytes, source } = within(3 * MIB);

    for (const [start, length] of [
      [2 * MIB, 100],
      [5, 3],
      [MIB - 1, MIB],
      [3 * MIB - 4, 100],
    ] as const) {
      const end = Math.min(3 * MIB, start + length);
      expect(bytes.subarray(start, end).equals(await source.read(start, length))).toBe(true);
    }
  });

  it('is read forward where it is larger, and again as far as it is kept', async () => {
    const sizeBytes = KEPT_BYTES + 8 * MIB;
    const { bytes, source } = within(sizeBytes);

    for (let start = 0; start < sizeBytes; start += 3 * MIB) {
      const end = Math.min(sizeBytes, start + 3 * MIB);
      expect(bytes.subarray(start, end).equals(await source.read(start, 3 * MIB))).toBe(true);
    }
    const again = sizeBytes - 4 * MIB;
    expect(bytes.subarray(again, sizeBytes).equals(await source.read(again, 4 * MIB))).toBe(true);
    await expect(source.read(0, 1)).rejects.toThrow('is no longer kept');
  });

  it('passes over what is skipped, and ends where the pickle goes on', async () => {
    const { bytes, input, source } = within(KEPT_BYTES + 8 * MIB);
    const far = KEPT_BYTES + 4 * MIB;

    expect(bytes.subarray(far, far + 10).equals(await source.read(far, 10))).toBe(true);
    await source.end();
    await input.need(BEHIND.length);

    expect(input.peek(BEHIND.length)).toBe(BEHIND);
  });
});
