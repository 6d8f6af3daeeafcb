import { createHash } from 'node:crypto';
import type { TextPreparation } from '#domain/artifact/facts.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { shortDigest, writtenSettings } from '#formats/bytes/digests.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { fileIn, isObject, type Json, objectIn } from './json-file.ts';

type Files = readonly ArtifactFile[];

/** The contents of a tokenizer's files: its settings, the digests of the parts of its tokenizer.json if it has one, and its chat templates by their names. */
export type ReadTokenizer = {
  readonly config: Json;
  readonly special: Json;
  readonly parts: ReadonlyMap<string, string> | undefined;
  readonly templates: ReadonlyMap<string, string>;
};

// The tokens and settings that change what the network reads; padding is masked.
const TOKENS = ['bos_token', 'eos_token', 'unk_token', 'cls_token', 'sep_token', 'mask_token'];
const SWITCHES = ['add_bos_token', 'add_eos_token', 'add_prefix_space', 'do_lower_case'];
// transformers takes these from config.json where there is no generation_config.json.
const FROM_CONFIG = ['bos_token_id', 'eos_token_id', 'decoder_start_token_id'];
// The server sets the length, and the cache and the padding change no answer.
const WITHOUT_EFFECT =
  /^(_.*|transformers_version|(max|min)_(length|new_tokens)|pad_token_id|use_cache|cache_.*)$/;
const RULES = ['model', 'normalizer', 'pre_tokenizer', 'post_processor', 'decoder'];
const LISTS = [
  'vocab.txt',
  'vocab.json',
  'spiece.model',
  'sentencepiece.bpe.model',
  'spm.model',
  'tokenizer.model',
];
const MAX_LIST_BYTES = 8 * 2 ** 20;

/** How a folder of Hugging Face prepares texts. */
export async function preparationIn(
  files: Files,
  folder: string,
  { config, special, parts, templates }: ReadTokenizer,
): Promise<TextPreparation> {
  const settings = [
    ...TOKENS.map((name) => [name, contentOf(config[name] ?? special[name])] as const),
    ...SWITCHES.map((name) => [name, config[name]] as const),
  ];
  return {
    ...(parts ? partsOf(parts) : await listOf(files, folder)),
    tokens: writtenSettings(settings),
    chatTemplate: templates.size > 0 ? templatesDigest(templates) : null,
    generation: await generationIn(files, folder),
  };
}

type Digests = Pick<TextPreparation, 'from' | 'vocabulary' | 'splitting'>;

function partsOf(parts: ReadonlyMap<string, string>): Digests {
  const of = (names: readonly string[]) => names.map((name) => `${name} ${parts.get(name)}`).join();
  return {
    from: 'tokenizer.json',
    vocabulary: shortDigest(of(['model.vocab', 'added_tokens'])),
    splitting: shortDigest(of(RULES)),
  };
}

/** The digests of the files from which transformers makes a tokenizer. */
async function listOf(files: Files, folder: string): Promise<Digests> {
  const list = LISTS.map((name) => fileIn(files, folder, name)).find((file) => file !== undefined);
  const merges = fileIn(files, folder, 'merges.txt');
  return {
    from: list?.name.split('/').at(-1) ?? '',
    vocabulary: list ? await fileDigest(list) : null,
    splitting: merges ? await fileDigest(merges) : null,
  };
}

async function fileDigest(file: ArtifactFile): Promise<string | null> {
  if (file.sizeBytes > MAX_LIST_BYTES) return null;
  if (!file.name.endsWith('.json')) {
    const bytes = await (await file.open()).read(0, file.sizeBytes);
    return shortDigest(createHash('sha256').update(bytes).digest('hex'));
  }
  const listed = parseJson(await readText(file, MAX_LIST_BYTES));
  const entries = Object.entries(isObject(listed) ? listed : {});
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.length > 0 ? shortDigest(JSON.stringify(sorted)) : null;
}

/** One line break at the end is not part of a template. */
export function templatesDigest(templates: ReadonlyMap<string, string>): string {
  const sorted = [...templates].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return shortDigest(
    JSON.stringify(sorted.map(([name, text]) => [name, text.replace(/\r?\n$/, '')])),
  );
}

async function generationIn(
  files: Files,
  folder: string,
): Promise<Readonly<Record<string, string>>> {
  const network = (await objectIn(files, folder, 'config.json')) ?? {};
  const own = (await objectIn(files, folder, 'generation_config.json')) ?? {};
  const usual = FROM_CONFIG.map((name) => [name, network[name]] as const);
  const settings = Object.entries({ ...Object.fromEntries(usual), ...own });
  return writtenSettings(settings.filter(([name]) => !WITHOUT_EFFECT.test(name)));
}

/** The token, written as a text or as an object that holds it. */
function contentOf(value: unknown): unknown {
  return isObject(value) ? value['content'] : value;
}
