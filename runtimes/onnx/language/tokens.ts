import type { Encoding, Tokenizer, TruncationStrategy } from 'tokenizers';
import type { Folder } from './folder.ts';

/** A text, or two that go together. */
export type Text = string | readonly [text: string, pair: string];

/** A text as tokens; `offsets` count characters of Unicode. `isCut`: it was longer than the model takes. */
export type Tokens = {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly encoding: Encoding;
  readonly isCut: boolean;
};

/** `maxTokens` cuts texts; of two that go together only the second is cut into overlapping pieces where `stride` says by how many tokens they overlap. */
export type Cut = { readonly maxTokens: number | null; readonly stride?: number };

export type Tokenizing = {
  readonly padId: number;
  readonly maskId: number | null;
  readonly unknownId: number | null;
  /** The tokens of each text; a text that is cut into pieces has several. */
  encode(texts: readonly Text[]): Promise<readonly (readonly Tokens[])[]>;
  /** The text of these tokens; `skipSpecial` leaves out the tokens that stand for none. */
  decode(ids: readonly number[], skipSpecial: boolean): Promise<string>;
  /** The same of tokens by their own texts, as they follow each other in one word. */
  join(tokens: readonly string[]): string;
  idOf(token: string): number | null;
};

/** Opens a tokenizer as transformers' fast ones are: the library and the file are the same. */
export async function openTokenizer(
  folder: Folder,
  { maxTokens, stride }: Cut,
): Promise<Tokenizing> {
  // Imported late: a server of another model needs none of it.
  const { Tokenizer } = await import('tokenizers');
  const tokenizer = Tokenizer.fromFile(folder.tokenizerPath);
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  if (maxTokens !== null) truncate(tokenizer, maxTokens, stride);
  const idOf = (token: string | null) => (token === null ? null : tokenizer.tokenToId(token));
  const decoder = tokenizer.getDecoder();
  return {
    padId: idOf(folder.padToken) ?? folder.padId,
    maskId: idOf(folder.maskToken),
    unknownId: idOf(folder.unknownToken),
    encode: (texts) => Promise.all(texts.map((text) => encoded(tokenizer, text, stride))),
    decode: (ids, skipSpecial) => tokenizer.decode([...ids], skipSpecial),
    join: (tokens) => decoder?.decode([...tokens]) ?? tokens.join(''),
    idOf,
  };
}

function truncate(tokenizer: Tokenizer, maxTokens: number, stride: number | undefined): void {
  // The enumerations of its types are texts.
  const strategy = (stride === undefined ? 'LongestFirst' : 'OnlySecond') as TruncationStrategy;
  tokenizer.setTruncation(maxTokens, { strategy, ...(stride !== undefined && { stride }) });
}

async function encoded(
  tokenizer: Tokenizer,
  text: Text,
  stride: number | undefined,
): Promise<readonly Tokens[]> {
  const [first, pair] = typeof text === 'string' ? [text, null] : text;
  const encoding = await tokenizer.encode(first, pair);
  const rest = encoding.getOverflowing();
  const pieces = stride === undefined ? [encoding] : [encoding, ...rest];
  const isCut = stride === undefined && rest.length > 0;
  return pieces.map((piece) => ({
    ids: piece.getIds(),
    typeIds: piece.getTypeIds(),
    encoding: piece,
    isCut,
  }));
}
