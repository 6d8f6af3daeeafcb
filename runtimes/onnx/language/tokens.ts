import type { Encoding, Tokenizer } from 'tokenizers';
import { refusal } from '../refusal.ts';
import type { Folder } from './folder.ts';

/** A text, or a pair of texts. */
export type Text = string | readonly [text: string, pair: string];

/** A text as tokens; `offsets` count characters of Unicode. `isCut`: it was longer than the model's limit. */
export type Tokens = {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly encoding: Encoding;
  readonly isCut: boolean;
};

/** `maxTokens` cuts texts; in a pair only the second text is cut, into pieces that overlap by `stride` tokens if that is given. */
export type Cut = { readonly maxTokens: number | null; readonly stride?: number };

export type Tokenizing = {
  readonly padId: number;
  readonly maskId: number | null;
  readonly unknownId: number | null;
  /** The tokens of each text; a text that is cut into pieces has several. */
  encode(texts: readonly Text[]): Promise<readonly (readonly Tokens[])[]>;
  /** The text of these tokens; `skipSpecial` leaves out tokens that are not part of the text. */
  decode(ids: readonly number[], skipSpecial: boolean): Promise<string>;
  /** The text of tokens that follow each other in one word, given by the tokens' own texts. */
  join(tokens: readonly string[]): string;
  idOf(token: string): number | null;
};

/** Opens a tokenizer like transformers' fast ones: the library and the file are the same. */
export async function openTokenizer(
  folder: Folder,
  { maxTokens, stride }: Cut,
): Promise<Tokenizing> {
  // Imported late: a server of another model does not need it.
  const { Tokenizer } = await import('tokenizers');
  const tokenizer = Tokenizer.fromFile(folder.tokenizerPath);
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  if (maxTokens !== null && stride === undefined) tokenizer.setTruncation(maxTokens);
  const idOf = (token: string | null) => (token === null ? null : tokenizer.tokenToId(token));
  const decoder = tokenizer.getDecoder();
  return {
    padId: idOf(folder.padToken) ?? folder.padId,
    maskId: idOf(folder.maskToken),
    unknownId: idOf(folder.unknownToken),
    encode: (texts) =>
      Promise.all(
        texts.map((text) =>
          maxTokens === null || stride === undefined
            ? encoded(tokenizer, text)
            : inPieces(tokenizer, text, { maxTokens, stride }),
        ),
      ),
    decode: (ids, skipSpecial) => tokenizer.decode([...ids], skipSpecial),
    join: (tokens) => decoder?.decode([...tokens]) ?? tokens.join(''),
    idOf,
  };
}

async function encoded(tokenizer: Tokenizer, text: Text): Promise<readonly Tokens[]> {
  const [first, pair] = typeof text === 'string' ? [text, null] : text;
  const encoding = await tokenizer.encode(first, pair);
  return [tokensOf(encoding, encoding.getOverflowing().length > 0)];
}

/** The second text in pieces, each behind the first one. The library cuts a text alone as transformers does, but loses pieces of two. */
async function inPieces(
  tokenizer: Tokenizer,
  text: Text,
  { maxTokens, stride }: { readonly maxTokens: number; readonly stride: number },
): Promise<readonly Tokens[]> {
  const [first, second] = typeof text === 'string' ? ['', text] : text;
  const whole = await tokenizer.encode(first, second);
  if (whole.getLength() <= maxTokens) return [tokensOf(whole, false)];
  const plain = { addSpecialTokens: false };
  const [question, context] = await Promise.all(
    [first, second].map((each) => tokenizer.encode(each, null, plain)),
  );
  if (!question || !context) return [];
  const room = maxTokens - (whole.getLength() - context.getLength());
  if (room < 2) {
    throw refusal(
      400,
      `a question takes ${question.getLength()} tokens; the model takes ${maxTokens} with its context`,
    );
  }
  // By default it would cut off the beginning.
  context.truncate(room, Math.min(stride, room - 1), 'right');
  return [context, ...context.getOverflowing()].map((piece) =>
    tokensOf(tokenizer.postProcess(question, piece, true), false),
  );
}

function tokensOf(encoding: Encoding, isCut: boolean): Tokens {
  return { ids: encoding.getIds(), typeIds: encoding.getTypeIds(), encoding, isCut };
}
