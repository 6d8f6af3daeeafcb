import { endsIn, KNOWN_FILES, type KnownFile, ownEndings } from '#domain/artifact/known-files.ts';

/** How many leading bytes of a file `recognise` and `isText` look at. */
export const HEAD_BYTES = 2048;

/** Recognises a file by its magic bytes, else by its name; undefined when its kind is unknown. */
export function recognise(name: string, head: Uint8Array): KnownFile | undefined {
  const hex = Buffer.from(head).toString('hex');
  const byBytes = KNOWN_FILES.filter(({ magic, hint }) => magic?.test(hex) || hint?.test(hex));
  const isNamed = (kind: KnownFile) => endsIn(name, [...ownEndings(kind), ...(kind.inside ?? [])]);
  const named = byBytes.filter(isNamed);
  const alone = named.find(({ magic }) => magic?.test(hex));
  return alone ?? named[0] ?? byBytes.at(-1) ?? kindByName(name) ?? KNOWN_FILES.find(isNamed);
}

/** The owner's remedy for such a file, where another kind was expected. */
export function fixOf({ fix }: KnownFile): string {
  return fix ?? 'It can be served as it is: upload it under a name with the ending of its format.';
}

/** The only kind of file with these magic bytes. */
export function kindByMagic(head: Uint8Array): KnownFile | undefined {
  const hex = Buffer.from(head).toString('hex');
  const found = KNOWN_FILES.filter(({ magic }) => magic?.test(hex));
  // A kind that is not served may begin like one that is, and differ later.
  return found.find(({ fix }) => fix !== undefined) ?? found.at(-1);
}

/** The only kind of file with such a name. */
export function kindByName(name: string): KnownFile | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return KNOWN_FILES.find((kind) => kind.fileName === base || endsIn(base, ownEndings(kind)));
}

/** True when the head has no byte that text never contains. */
export function isText(head: Uint8Array): boolean {
  return head.every((byte) => (byte >= 0x20 && byte !== 0x7f) || WHITE_SPACE.has(byte));
}

const WHITE_SPACE: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d]);
