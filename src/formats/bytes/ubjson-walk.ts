import type { ByteSource } from '#ports/artifact-store.ts';
import { type Shape, ubjsonScanner } from './ubjson-scanner.ts';
import { MAX_WALK_DEPTH, memberPaths, type Visitor, type Walk, walked } from './walk.ts';

/**
 * Walks UBJSON in order; a list of numbers of one type is skipped unread, unless its bytes are asked for.
 * Fails with `ArtifactRejected` at the first byte that is not valid UBJSON.
 */
export async function walkUbjson(
  source: ByteSource,
  file: string,
  visitor: Visitor,
): Promise<void> {
  const scanner = ubjsonScanner(source, file);
  const keysOf = memberPaths(scanner.odd);

  function* whole(): Walk<void> {
    if (!scanner.isReady()) yield* scanner.more();
    yield* value(scanner.letter(), '', 0, visitor) ?? [];
  }

  /** The rest of a value that must still be walked; undefined when it was read whole. `seen` is undefined where nothing needs the value. */
  function value(
    type: string,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Walk<void> | undefined {
    if (type === '[') return list(path, depth, seen);
    if (type === '{') return object(path, depth, seen);
    const found = scanner.value(type);
    seen?.value(path, found);
    return undefined;
  }

  function* list(path: string, depth: number, seen: Visitor | undefined): Walk<void> {
    if (depth >= MAX_WALK_DEPTH) throw scanner.odd('values nested too deeply');
    const mode = seen?.enter(path);
    const given = scanner.shape();
    if (mode === 'numbers') return seen?.numbers(path, yield* scanner.numbers(given));
    const see = mode === 'count' ? seen?.bytesOf?.(path) : undefined;
    if (see && scanner.isPacked(given)) {
      return seen?.counted(path, yield* scanner.show(given, see));
    }
    const items =
      mode === 'walk'
        ? yield* itemsOf(given, path, depth, seen)
        : (scanner.pass(given) ?? (yield* itemsOf(given, path, depth, undefined)));
    if (mode === 'count') seen?.counted(path, items);
  }

  /** Returns the number of items. */
  function* itemsOf(
    given: Shape,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Walk<number> {
    const each = `${path}[]`;
    const left = scanner.counter(given, ']');
    for (let items = 0; ; items += 1) {
      if (!scanner.isReady()) yield* scanner.more();
      if (!left()) return items;
      const rest = value(given.type ?? scanner.letter(), each, depth + 1, seen);
      if (rest) yield* rest;
    }
  }

  function* object(path: string, depth: number, seen: Visitor | undefined): Walk<void> {
    if (depth >= MAX_WALK_DEPTH) throw scanner.odd('values nested too deeply');
    const mode = seen?.enter(path);
    if (mode === 'numbers' || mode === 'count') throw scanner.odd('a list is missing');
    const inner = mode === 'walk' ? seen : undefined;
    const given = scanner.shape();
    const left = scanner.counter(given, '}');
    const keys = keysOf(path);
    for (;;) {
      if (!scanner.isReady()) yield* scanner.more();
      if (!left()) return;
      const inside = keys(scanner.text());
      if (!scanner.isReady()) yield* scanner.more();
      const rest = value(given.type ?? scanner.letter(), inside, depth + 1, inner);
      if (rest) yield* rest;
    }
  }

  await walked(whole());
}
