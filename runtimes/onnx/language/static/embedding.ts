import { readFile } from 'node:fs/promises';
import type { Tokenizer } from 'tokenizers';
import { type Embedder, type Embedding, embedderOf, normalized } from '../tasks/features.ts';
import type { StaticFolder } from './folder.ts';
import { openTable, type Table } from './table.ts';

// The most tokens that are added up at once, which takes some 10 ms, so that other requests do not wait longer for their turn.
const TURN_TOKENS = 20_000;

/** A text's tokens, and whether it was longer. */
type Words = (
  text: string,
) => Promise<{ readonly ids: readonly number[]; readonly isCut: boolean }>;

/** Vectors of texts as sentence-transformers makes them from a StaticEmbedding, or model2vec from its own files: the mean of their tokens' vectors. Rejects where a token has no vector. */
export async function openStaticEmbedding(folder: StaticFolder): Promise<Embedder> {
  const { Tokenizer } = await import('tokenizers');
  const tokenizer = Tokenizer.fromFile(folder.tokenizerPath);
  const table = await openTable(folder.tablePath);
  const tokens = tokenizer.getVocabSize(true);
  if (tokens > table.rows) {
    throw new Error(
      `${folder.tokenizerPath} has ${tokens} tokens, but there are vectors of ${table.rows}`,
    );
  }
  const words = await wordsOf(tokenizer, folder);
  const kept = folder.dimensions ?? undefined;
  return embedderOf(
    async (texts, asked) => {
      const encoded = await Promise.all(texts.map((text) => words(`${folder.prompt}${text}`)));
      asked.cut += encoded.filter(({ isCut }) => isCut).length;
      const found: Embedding[] = [];
      let added = 0;
      for (const { ids } of encoded) {
        const mean = meanOf(table, ids);
        const vector = (folder.normalizes ? normalized(mean) : mean).slice(0, kept);
        found.push({ vector, tokens: ids.length });
        added += ids.length;
        if (added < TURN_TOKENS) continue;
        added = 0;
        await turn();
        if (asked.isGone?.()) break;
      }
      return found;
    },
    Math.min(table.width, kept ?? table.width),
  );
}

/** The embedding of an empty text is the zero vector. */
function meanOf({ width, vectorOf, weightOf }: Table, ids: readonly number[]): Float32Array {
  const sums = new Float64Array(width);
  for (const id of ids) {
    const [vector, weight] = [vectorOf(id), weightOf(id)];
    for (let at = 0; at < width; at += 1) {
      sums[at] = (sums[at] ?? 0) + weight * (vector[at] ?? 0);
    }
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, ids.length));
}

async function wordsOf(
  tokenizer: Tokenizer,
  { isModel2vec, maxTokens, tokenizerPath }: StaticFolder,
): Promise<Words> {
  tokenizer.disablePadding();
  // The library does not report what it cuts from texts without special tokens.
  tokenizer.disableTruncation();
  const most = maxTokens ?? Number.POSITIVE_INFINITY;
  const encode: Words = async (text) => {
    const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
    const ids = encoding.getIds();
    return { ids: ids.slice(0, most), isCut: ids.length > most };
  };
  if (!isModel2vec) return encode;
  const unknown = unknownIn(await readFile(tokenizerPath, 'utf8'), tokenizer);
  const mostLetters = most * usualLength(tokenizer);
  return async (text) => {
    const letters = text.length > mostLetters ? [...text] : [];
    const isLonger = letters.length > mostLetters;
    const { ids, isCut } = await encode(isLonger ? letters.slice(0, mostLetters).join('') : text);
    return { ids: ids.filter((id) => id !== unknown), isCut: isCut || isLonger };
  };
}

/** The median length of the tokens, in letters. */
function usualLength(tokenizer: Tokenizer): number {
  const lengths = Object.keys(tokenizer.getVocab(true)).map((token) => [...token].length);
  lengths.sort((one, other) => one - other);
  const half = lengths.length / 2;
  const [one = 0, other = 0] = [lengths[Math.ceil(half) - 1], lengths[Math.floor(half)]];
  return Math.floor((one + other) / 2);
}

function unknownIn(written: string, tokenizer: Tokenizer): number | null {
  const { model } = JSON.parse(written);
  return typeof model.unk_token === 'string'
    ? tokenizer.tokenToId(model.unk_token)
    : (model.unk_id ?? null);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
