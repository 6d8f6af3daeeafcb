import type { ByteSource } from '#ports/artifact-store.ts';
import { jsonScanner } from './json-scanner.ts';
import { MAX_WALK_DEPTH, memberPaths, type Visitor, type Walk, walked } from './walk.ts';

const BLOCK_BYTES = 4096;
const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Walks JSON of any size in order, with only a window of it in memory. Fails with `ArtifactRejected` at the first byte that is not valid JSON. */
export async function walkJson(source: ByteSource, file: string, visitor: Visitor): Promise<void> {
  const scanner = jsonScanner(source, file);
  const keysOf = memberPaths(scanner.odd);

  function* whole(): Walk<void> {
    if (!scanner.isReady()) yield* scanner.more();
    yield* value('', 0) ?? [];
  }

  /** The rest of a value that must still be walked; undefined when it was read whole. */
  function value(path: string, depth: number): Walk<void> | undefined {
    const first = scanner.peek();
    if (first === OPEN_LIST || first === OPEN_OBJECT) return inside(first, path, depth);
    visitor.value(path, first === QUOTE ? scanner.text() : scanner.scalar());
    return undefined;
  }

  function inside(first: number, path: string, depth: number): Walk<void> {
    const mode = visitor.enter(path);
    if (mode !== 'walk') return passed(mode, path);
    if (depth >= MAX_WALK_DEPTH) throw scanner.odd('values nested too deeply');
    scanner.expect(first);
    return first === OPEN_LIST ? items(path, depth) : members(path, depth);
  }

  function passed(mode: 'numbers' | 'count' | 'skip', path: string): Walk<void> {
    if (mode === 'numbers') return scanner.numbers((found) => visitor.numbers(path, found));
    const see = mode === 'count' ? visitor.bytesOf?.(path) : undefined;
    if (see) return fractions(see, (items) => visitor.counted(path, items));
    return scanner.pass((items) => mode === 'count' && visitor.counted(path, items));
  }

  /** A list of fractions, or of truths as 1 and 0, shown as the bytes that UBJSON has for them: 32 bits each, the most significant first. */
  function* fractions(see: (bytes: Uint8Array) => void, then: (items: number) => void): Walk<void> {
    let [count, filled] = [0, 0];
    let block = Buffer.alloc(BLOCK_BYTES);
    const show = () => {
      see(block.subarray(0, filled));
      [block, filled] = [Buffer.alloc(BLOCK_BYTES), 0];
    };
    scanner.expect(OPEN_LIST);
    if (!scanner.isReady()) yield* scanner.more();
    if (scanner.accept(CLOSE_LIST)) return then(count);
    do {
      if (!scanner.isReady()) yield* scanner.more();
      const value = scanner.scalar();
      if (typeof value !== 'number' && typeof value !== 'boolean') {
        throw scanner.odd('a number is missing');
      }
      filled = block.writeFloatBE(Number(value), filled);
      count += 1;
      if (filled === BLOCK_BYTES) show();
      if (!scanner.isReady()) yield* scanner.more();
    } while (scanner.accept(COMMA));
    scanner.expect(CLOSE_LIST);
    if (filled > 0) show();
    then(count);
  }

  function* items(path: string, depth: number): Walk<void> {
    const each = `${path}[]`;
    if (!scanner.isReady()) yield* scanner.more();
    if (scanner.accept(CLOSE_LIST)) return;
    do {
      if (!scanner.isReady()) yield* scanner.more();
      const rest = value(each, depth + 1);
      if (rest) yield* rest;
      if (!scanner.isReady()) yield* scanner.more();
    } while (scanner.accept(COMMA));
    scanner.expect(CLOSE_LIST);
  }

  function* members(path: string, depth: number): Walk<void> {
    const keys = keysOf(path);
    if (!scanner.isReady()) yield* scanner.more();
    if (scanner.accept(CLOSE_OBJECT)) return;
    do {
      if (!scanner.isReady()) yield* scanner.more();
      const key = keys(scanner.text());
      if (!scanner.isReady()) yield* scanner.more();
      scanner.expect(COLON);
      if (!scanner.isReady()) yield* scanner.more();
      const rest = value(key, depth + 1);
      if (rest) yield* rest;
      if (!scanner.isReady()) yield* scanner.more();
    } while (scanner.accept(COMMA));
    scanner.expect(CLOSE_OBJECT);
  }

  await walked(whole());
}
