import { createHash, type Hash, hash as hashed } from 'node:crypto';
import { parseJson } from '#domain/parse-json.ts';

/** The tokens of a JSON text, in order; a text is given as it is written, between its quotes. */
export type JsonDigest = {
  text(written: Buffer): void;
  mark(byte: number): void;
  /** The digests of the wanted members, by their paths; undefined where the text is not JSON. */
  members(): ReadonlyMap<string, string> | undefined;
};

/** How lists are read that mean the same in two forms: what a text in the list of this path stands for. */
type Meanings = Readonly<Record<string, (text: string) => readonly string[]>>;

type List = { readonly kind: 'list'; readonly path: string; readonly items: Collected };
type Members = {
  readonly kind: 'object';
  readonly path: string;
  readonly sum: Uint32Array;
  key: string | undefined;
};

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const SPACE = 0x20;
const MARKS = new Set([QUOTE, COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT]);
const LONGEST_SCALAR = 64;
const LONGEST_PATH = 100;
// Most lists are pairs of tokens, and a hash for each would take most of the time.
const [SHORT_LETTERS, FLUSHED_LETTERS] = [128, 65_536];

/**
 * Digests a JSON text of any size by what it means, in memory that grows with its depth alone: the order of the keys of an object, white space and escapes make no difference, nor do members that are null or false, which other versions of a library leave out.
 * `wanted` are the paths of the members whose digests are read.
 */
export function jsonDigest(wanted: ReadonlySet<string>, meanings: Meanings = {}): JsonDigest {
  const stack: (List | Members)[] = [];
  const found = new Map<string, string>();
  let scalar = '';
  let isWhole = false;
  let isOdd = false;

  /** `said` is a scalar with its type in front, or the digest of a list or an object. */
  function value(said: string): void {
    const into = stack.at(-1);
    if (!into) isWhole = true;
    else if (into.kind === 'list') into.items.add(said);
    else if (into.key === undefined) isOdd = true;
    else {
      const path = below(into);
      if (wanted.has(path)) found.set(path, said);
      if (said !== 'null' && said !== 'false')
        add(into.sum, `${into.key.length} ${into.key}${said}`);
      into.key = undefined;
    }
  }

  function below({ path, key = '' }: Members): string {
    return path.length + key.length > LONGEST_PATH ? '…' : path === '' ? key : `${path}.${key}`;
  }

  function endScalar(): void {
    if (scalar === '') return;
    const number = Number(scalar);
    if (Number.isFinite(number)) value(`number ${number}`);
    else if (['true', 'false', 'null'].includes(scalar)) value(scalar);
    else isOdd = true;
    scalar = '';
  }

  function open(kind: 'list' | 'object'): void {
    const outer = stack.at(-1);
    const path = outer?.kind === 'object' ? below(outer) : outer ? `${outer.path}[]` : '';
    stack.push(
      kind === 'list'
        ? { kind, path, items: collected() }
        : { kind, path, sum: new Uint32Array(8), key: undefined },
    );
  }

  function close(kind: 'list' | 'object'): void {
    const closed = stack.pop();
    if (closed?.kind !== kind) isOdd = true;
    else
      value(closed.kind === 'list' ? `list ${closed.items.digest()}` : `object ${hex(closed.sum)}`);
  }

  return {
    text(written) {
      const text = textOf(written);
      const into = stack.at(-1);
      if (text === undefined) isOdd = true;
      else if (into?.kind === 'object' && into.key === undefined) into.key = text;
      else {
        const meaning = into?.kind === 'list' ? meanings[into.path] : undefined;
        value(meaning ? `list ${listDigest(meaning(text))}` : textValue(text));
      }
    },
    mark(byte) {
      if (byte > SPACE && !MARKS.has(byte)) {
        if (scalar.length < LONGEST_SCALAR) scalar += String.fromCharCode(byte);
        return;
      }
      endScalar();
      if (byte === OPEN_LIST) open('list');
      else if (byte === OPEN_OBJECT) open('object');
      else if (byte === CLOSE_LIST) close('list');
      else if (byte === CLOSE_OBJECT) close('object');
    },
    members: () => (isOdd || !isWhole || stack.length > 0 ? undefined : found),
  };
}

/** The digest of a list of texts, as that of a list in JSON. */
export function listDigest(texts: readonly string[]): string {
  const items = collected();
  for (const text of texts) items.add(textValue(text));
  return items.digest();
}

function textValue(text: string): string {
  return `text ${text.length} ${text}`;
}

function textOf(written: Buffer): string | undefined {
  const text = written.toString('utf8');
  if (!text.includes('\\')) return text;
  const said = parseJson(`"${text}"`);
  return typeof said === 'string' ? said : undefined;
}

type Collected = ReturnType<typeof collected>;

/** The items of a list in their order: a short list is its own digest. */
function collected() {
  let hash: Hash | undefined;
  let held = '';
  return {
    add(item: string): void {
      held += `${item}\n`;
      if (held.length < FLUSHED_LETTERS) return;
      hash = (hash ?? createHash('sha256')).update(held);
      held = '';
    },
    digest() {
      if (!hash && held.length <= SHORT_LETTERS) return `${held.length} ${held}`;
      return (hash ?? createHash('sha256')).update(held).digest('hex');
    },
  };
}

/** Adds the digest of a member, lane by lane: a sum has no order. */
function add(sum: Uint32Array, member: string): void {
  const digest = hashed('sha256', member, 'buffer');
  for (let lane = 0; lane < sum.length; lane += 1) {
    sum[lane] = (sum[lane] ?? 0) + digest.readUInt32LE(4 * lane);
  }
}

function hex(sum: Uint32Array): string {
  return Buffer.from(sum.buffer).toString('hex');
}
