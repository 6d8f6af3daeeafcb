import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isNormalizing, listIn, objectIn, promptOf, textIn } from '../folder.ts';

/**
 * Vectors of tokens, whose mean is the vector of a text: a StaticEmbedding of sentence-transformers, or a model that model2vec saved.
 * `isModel2vec`: texts are read as model2vec reads them, which leaves out unknown tokens.
 */
export type StaticFolder = {
  readonly tablePath: string;
  readonly tokenizerPath: string;
  readonly isModel2vec: boolean;
  /** Longer texts are cut; null without a limit. */
  readonly maxTokens: number | null;
  readonly normalizes: boolean;
  readonly prompt: string;
  readonly dimensions: number | null;
};

// The same default as in src/formats/huggingface/static-table.ts.
const USUAL_TOKENS = 512;
const HEAD_BYTES = 4096;
const TRUNCATION = /"truncation"\s*:\s*\{[^{}]*"max_length"\s*:\s*(\d{1,9})/;

/** Undefined where the folder is not a static embedding. */
export async function readStaticFolder(root: string): Promise<StaticFolder | undefined> {
  const modules = await listIn(root, 'modules.json');
  if (!modules) return ofModel2vec(root);
  const [first] = modules;
  if (!textIn(first, 'type')?.endsWith('.StaticEmbedding')) return undefined;
  const own = await objectIn(root, 'config_sentence_transformers.json');
  const paths = pathsIn(join(root, textIn(first, 'path') ?? ''));
  return {
    ...paths,
    isModel2vec: false,
    maxTokens: await truncationIn(paths.tokenizerPath),
    normalizes: isNormalizing(modules),
    prompt: promptOf(own),
    dimensions: Number(own?.['truncate_dim']) || null,
  };
}

async function ofModel2vec(root: string): Promise<StaticFolder | undefined> {
  const config = await objectIn(root, 'config.json');
  if (config?.['model_type'] !== 'model2vec') return undefined;
  const most = config['max_length'];
  return {
    ...pathsIn(root),
    isModel2vec: true,
    maxTokens: most === null ? null : Number(most) || USUAL_TOKENS,
    normalizes: config['normalize'] === true,
    prompt: '',
    dimensions: null,
  };
}

function pathsIn(folder: string): Pick<StaticFolder, 'tablePath' | 'tokenizerPath'> {
  return {
    tablePath: join(folder, 'model.safetensors'),
    tokenizerPath: join(folder, 'tokenizer.json'),
  };
}

/** The number of tokens to which the tokenizer's own file cuts a text. */
async function truncationIn(tokenizerPath: string): Promise<number | null> {
  const file = await open(tokenizerPath);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HEAD_BYTES) });
    return Number(TRUNCATION.exec(buffer.toString('latin1', 0, bytesRead))?.[1]) || null;
  } finally {
    await file.close();
  }
}
