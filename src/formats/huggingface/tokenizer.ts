import type { TextPreparation } from '#domain/artifact/facts.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { chatTemplates } from './chat-template.ts';
import { fileIn, isObject, type Json, objectIn, textOf } from './json-file.ts';
import { refuseCode } from './network.ts';
import { preparationIn } from './text-preparation.ts';
import { soundTokenizer } from './tokenizer-file.ts';

/** The facts of a tokenizer: `kind` is the type in tokenizer.json ("WordPiece"), null where there is no such file or no type in it. */
export type TokenizerFacts = {
  readonly hasFile: boolean;
  /** The files from which transformers makes it where there is no tokenizer.json: lists of tokens, or models of SentencePiece; null where there are no such files. */
  readonly madeOf: 'tokens' | 'pieces' | null;
  readonly fileBytes: number;
  readonly kind: string | null;
  readonly className: string | null;
  readonly maxTokens: number | null;
  readonly maskToken: string | null;
  readonly hasChatTemplate: boolean;
  readonly text: TextPreparation;
};

type Files = readonly ArtifactFile[];

// In tokenizer.json, the model comes after at most some thousand added tokens.
const MAX_HEAD_BYTES = 4 * 2 ** 20;
const KIND = /"model"\s*:\s*\{\s*"type"\s*:\s*"(\w{1,40})"/;
// transformers writes 1e30 where a tokenizer has no limit.
const MAX_LENGTH = 10_000_000;

/** Reads a folder's tokenizer files. Fails with `ArtifactRejected` where they need their author's own code, or would keep a server busy without end. */
export async function tokenizerIn(files: Files, folder: string): Promise<TokenizerFacts> {
  const config = (await objectIn(files, folder, 'tokenizer_config.json')) ?? {};
  refuseCode(config, 'tokenizer_config.json');
  const special = (await objectIn(files, folder, 'special_tokens_map.json')) ?? {};
  const file = fileIn(files, folder, 'tokenizer.json');
  const parts = file && (await soundTokenizer(file));
  const templates = await chatTemplates(files, folder, config);
  const length = Number(config['model_max_length']);
  return {
    hasFile: file !== undefined,
    madeOf: await madeOf(files, folder, config),
    fileBytes: file?.sizeBytes ?? 0,
    kind: file ? await kindOf(file) : null,
    className: textOf(config['tokenizer_class']),
    maxTokens: Number.isInteger(length) && length > 0 && length < MAX_LENGTH ? length : null,
    maskToken: tokenOf(config['mask_token']) ?? tokenOf(special['mask_token']),
    hasChatTemplate: templates.size > 0,
    text: await preparationIn(files, folder, { config, special, parts, templates }),
  };
}

const MARIAN = ['vocab.json', 'source.spm', 'target.spm'];
const PIECES = ['spiece.model', 'sentencepiece.bpe.model', 'spm.model', 'tokenizer.model'];
// The first field of SentencePiece's own file; tiktoken's text files are called `tokenizer.model` too.
const FIRST_PIECE = 0x0a;

async function madeOf(
  files: Files,
  folder: string,
  config: Json,
): Promise<TokenizerFacts['madeOf']> {
  const has = (name: string) => fileIn(files, folder, name) !== undefined;
  if (config['tokenizer_class'] === 'MarianTokenizer') return MARIAN.every(has) ? 'pieces' : null;
  const pieces = PIECES.map((name) => fileIn(files, folder, name)).find(
    (file) => file !== undefined,
  );
  if (pieces) {
    const [first] = await (await pieces.open()).read(0, Math.min(1, pieces.sizeBytes));
    return first === FIRST_PIECE ? 'pieces' : null;
  }
  return has('vocab.txt') || (has('vocab.json') && has('merges.txt')) ? 'tokens' : null;
}

async function kindOf({ open, sizeBytes }: ArtifactFile): Promise<string | null> {
  const head = await (await open()).read(0, Math.min(sizeBytes, MAX_HEAD_BYTES));
  return KIND.exec(Buffer.from(head).toString('latin1'))?.[1] ?? null;
}

/** The token, written as a text or as an object that holds it. */
function tokenOf(value: unknown): string | null {
  return textOf(isObject(value) ? value['content'] : value);
}
