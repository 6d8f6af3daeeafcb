import { parseJson } from '#domain/parse-json.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { jsonDigest } from '#formats/bytes/json-digest.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { RESAVE } from './json-file.ts';
import { runawayFault } from './regex-bounds.ts';

// The largest tokenizers, of 260,000 words, take 34 MB, nest eight deep, and have patterns of some 400 characters.
const MAX_BYTES = 128 * 2 ** 20;
const MAX_DEPTH = 64;
const MAX_PATTERN = 8192;
// The map with which SentencePiece normalizes takes 0.4 MB.
const MAX_TEXT_BYTES = 4 * 2 ** 20;
const BLOCK_BYTES = 2 ** 20;
const [QUOTE, BACKSLASH, COLON, SPACE] = [0x22, 0x5c, 0x3a, 0x20];
const OPENS = [0x5b, 0x7b];
const CLOSES = [0x5d, 0x7d];
const PATTERN_KEY = 'Regex';

/** The parts of a tokenizer.json that decide which tokens a text becomes. How long texts are cut or filled up is in other files, and a tokenizer keeps in its own what it was last used with. */
const PARTS: ReadonlySet<string> = new Set([
  'model.vocab',
  'added_tokens',
  'model',
  'normalizer',
  'pre_tokenizer',
  'post_processor',
  'decoder',
]);
// A pair of tokens has been a list since tokenizers 0.20.
const PAIRS = { 'model.merges': (pair: string) => pair.split(' ', 2) };

/**
 * Reads a tokenizer.json once without making objects of it, and checks its nesting, the length of its texts, and that none of its patterns runs away on a text.
 * Returns the digests of its parts by what they mean, undefined where it is not JSON. Fails with `ArtifactRejected`.
 */
export async function soundTokenizer({
  name,
  sizeBytes,
  open,
}: ArtifactFile): Promise<ReadonlyMap<string, string> | undefined> {
  const refuse = (fault: string) => rejected(`${name} ${fault}`, RESAVE);
  if (sizeBytes > MAX_BYTES) {
    throw refuse(`is ${sizeBytes} bytes; the limit of a tokenizer is ${MAX_BYTES}`);
  }
  const source = await open();
  const scan = scanner(refuse);
  for (let at = 0; at < sizeBytes; at += BLOCK_BYTES) {
    scan.block(await source.read(at, Math.min(BLOCK_BYTES, sizeBytes - at)));
  }
  if (!scan.isClosed()) throw refuse('is no JSON, or cut short: what it opens is not closed');
  return scan.members();
}

function jsonText(written: string): unknown {
  return parseJson(`"${written}"`);
}

/** Takes the bytes in order, in blocks. */
function scanner(refuse: (fault: string) => Error) {
  let [depth, length, isText, isEscaped, isPattern] = [0, 0, false, false, false];
  let text = Buffer.alloc(MAX_PATTERN);
  const digest = jsonDigest(PARTS, PAIRS);

  function textByte(byte: number): void {
    if (byte === QUOTE && !isEscaped) {
      end();
      return;
    }
    isEscaped = byte === BACKSLASH && !isEscaped;
    if (length === text.length) text = Buffer.concat([text, Buffer.alloc(length)]);
    text[length] = byte;
    length += 1;
    if (length > MAX_TEXT_BYTES) {
      throw refuse(`has a text of more than ${MAX_TEXT_BYTES} bytes, which is the limit`);
    }
  }

  function end(): void {
    isText = false;
    digest.text(text.subarray(0, length));
    const isKey = isPatternKey();
    if (isPattern) refuseRunaway();
    isPattern = isKey;
  }

  /** A key may be written in numeric escapes, of at most six characters for each letter. */
  function isPatternKey(): boolean {
    if (length < PATTERN_KEY.length || length > 6 * PATTERN_KEY.length) return false;
    const written = text.toString('utf8', 0, length);
    return written === PATTERN_KEY || (written.includes('\\') && jsonText(written) === PATTERN_KEY);
  }

  function refuseRunaway(): void {
    if (length > MAX_PATTERN) {
      throw refuse(`has a pattern of ${length} characters; the limit is ${MAX_PATTERN}`);
    }
    const pattern = jsonText(text.toString('utf8', 0, length));
    const fault = typeof pattern === 'string' ? runawayFault(pattern) : undefined;
    if (fault !== undefined)
      throw refuse(`has the pattern ${quoted(String(pattern))}, which ${fault}`);
  }

  function outside(byte: number): void {
    digest.mark(byte);
    if (byte === QUOTE) {
      [isText, isEscaped, length] = [true, false, 0];
      return;
    }
    if (OPENS.includes(byte)) depth += 1;
    if (CLOSES.includes(byte)) depth -= 1;
    if (depth < 0) throw refuse('is no JSON: it closes what it has not opened');
    if (byte > SPACE && byte !== COLON) isPattern = false;
    if (depth > MAX_DEPTH) throw refuse(`nests more than ${MAX_DEPTH} deep, which is the limit`);
  }

  return {
    block(bytes: Uint8Array): void {
      for (const byte of bytes) {
        if (isText) textByte(byte);
        else outside(byte);
      }
    },
    isClosed: () => depth === 0 && !isText,
    members: () => digest.members(),
  };
}
