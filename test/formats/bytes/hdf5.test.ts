import { hdf5Texts } from '#formats/bytes/hdf5.ts';
import { type Hdf5Attribute, hdf5Of } from '../../support/bytes/hdf5.ts';
import { bytesSource } from '../../support/bytes/sources.ts';

const LONG = 'x'.repeat(200_000);
const ATTRIBUTES: readonly Hdf5Attribute[] = [
  { name: 'a', text: 'by its pointer' },
  { name: 'b', text: 'as it is', kind: 'fixed' },
  { name: 'number', text: '1234', kind: 'number' },
  { name: 'list', text: 'ab', kind: 'list' },
  { name: 'long', text: LONG },
];

const read = (bytes: Buffer) => hdf5Texts(bytesSource(bytes), 'm.h5');
const changed = (change: (bytes: Buffer) => void) => {
  const bytes = hdf5Of(ATTRIBUTES);
  change(bytes);
  return bytes;
};
// The place of the root's address in a superblock of version 0, and the begin of the root's header.
const [ROOT_AT, ROOT] = [64, 96];
const FIRST_MESSAGE = ROOT + 16;
const HEAP = hdf5Of(ATTRIBUTES).indexOf('GCOL');

describe('an HDF5 file', () => {
  it('tells the texts of its root, wherever they lie, and nothing else', async () => {
    expect([...(await read(hdf5Of(ATTRIBUTES)))]).toEqual([
      ['a', 'by its pointer'],
      ['b', 'as it is'],
      ['long', LONG],
    ]);
  });

  it.each([1, 2, 3] as const)('tells those of version %d', async (version) => {
    const attribute = { name: 'model_config', text: '{"a": 1}', version };

    expect((await read(hdf5Of([attribute]))).get('model_config')).toBe('{"a": 1}');
  });

  it('tells nothing of an empty root', async () => {
    expect((await read(hdf5Of([]))).size).toBe(0);
  });

  it.each<[string, Buffer, string]>([
    ['is none', Buffer.alloc(200), 'is no HDF5 file'],
    ['is cut off', hdf5Of(ATTRIBUTES).subarray(0, 90), 'but ends at 90'],
    ['has another superblock', changed((b) => b.writeUInt8(2, 8)), 'a superblock of version 2'],
    ['has short addresses', changed((b) => b.writeUInt8(4, 13)), 'not of this file alone'],
    ['begins elsewhere', changed((b) => b.writeUInt8(1, 24)), 'not of this file alone'],
    ['lies in several files', changed((b) => b.writeUInt8(0, 48)), 'not of this file alone'],
    [
      'has its root beyond its end',
      changed((b) => b.writeBigUInt64LE(1n << 60n, ROOT_AT)),
      'points to the byte 1152921504606846976',
    ],
    [
      'has a newer header',
      changed((b) => b.write('OHDR', ROOT)),
      'a header that is not of version 1',
    ],
    [
      'has a header of all its bytes',
      changed((b) => b.writeUInt32LE(0xffff_ffff, ROOT + 8)),
      'has 4294967295 bytes at 112',
    ],
    [
      'has a message beyond its block',
      changed((b) => b.writeUInt16LE(0xfff8, FIRST_MESSAGE + 2)),
      'a message that ends after its block',
    ],
    [
      'has an attribute of another version',
      changed((b) => b.writeUInt8(9, FIRST_MESSAGE + 8)),
      'an attribute that is cut off',
    ],
    [
      'has a name beyond its attribute',
      changed((b) => b.writeUInt16LE(0xffff, FIRST_MESSAGE + 10)),
      'an attribute that is cut off',
    ],
    [
      'has a text beyond its heap',
      changed((b) => b.writeBigUInt64LE(0xffff_ffffn, HEAP + 24)),
      'points to the byte 4294967295',
    ],
    ['has a heap that is none', changed((b) => b.write('GONE', HEAP)), 'no heap where it says'],
    ['has lost a text', changed((b) => b.writeUInt16LE(77, HEAP + 16)), 'no object 1 in its heap'],
    [
      'has a text that is longer than it is',
      changed((b) => b.writeBigUInt64LE(8n, HEAP + 24)),
      'the attribute `a` cut off',
    ],
    [
      'has an attribute twice',
      hdf5Of([ATTRIBUTES[0], ATTRIBUTES[0]].map((each) => ({ ...each, name: 'a', text: 'x' }))),
      'the attribute `a` twice',
    ],
  ])('that %s is refused', async (_, bytes, says) => {
    await expect(read(bytes)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(says),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it('whose header goes on in a circle is refused', async () => {
    const bytes = hdf5Of([]);
    // The one message of the root, its continuation, leads back to itself.
    bytes.writeBigUInt64LE(BigInt(FIRST_MESSAGE), FIRST_MESSAGE + 8);
    bytes.writeBigUInt64LE(24n, FIRST_MESSAGE + 16);

    await expect(read(bytes)).rejects.toThrow('more than 64 blocks of a header');
  });

  it('of more messages than any model has is refused', async () => {
    const root = hdf5Of([]);
    const empty = Buffer.alloc(8 * 20_000);
    root.writeUInt32LE(24 + empty.length, ROOT + 8);

    await expect(
      read(Buffer.concat([root.subarray(0, FIRST_MESSAGE), empty, Buffer.alloc(64)])),
    ).rejects.toThrow('more than 10000 messages');
  });

  it('whose text is larger than any model is refused before it is read', async () => {
    const bytes = Buffer.concat([hdf5Of(ATTRIBUTES), Buffer.alloc(17 * 2 ** 20)]);
    bytes.writeBigUInt64LE(BigInt(17 * 2 ** 20), HEAP + 24);

    await expect(read(bytes)).rejects.toThrow('the limit is 16777216');
  });
});
