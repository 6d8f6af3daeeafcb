import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { countOf, isObject, type Json, objectIn, RESAVE, textOf } from './json-file.ts';
import {
  type Head,
  headIn,
  isAfterPooling,
  type Listed,
  listedModules,
} from './sentence-modules.ts';

/** The ways in which the vectors of the tokens become one vector. */
export const POOLINGS = [
  'cls',
  'mean',
  'max',
  'mean_sqrt_len',
  'weightedmean',
  'lasttoken',
] as const;
export type Pooling = (typeof POOLINGS)[number];

/** The functions that a cross encoder applies to the network's scores. */
const ACTIVATIONS = { Sigmoid: 'sigmoid', Identity: 'none' } as const;
export type Activation = (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS];

/**
 * The processing of sentence-transformers besides the network. `folder` is the network's own; `maxTokens` is null where it sets no limit.
 * `prompt` is the text that it puts before each text by default; `lowers` is whether it lower-cases the texts.
 * `dimensions` is the number of values that it keeps of a vector, null for all.
 * A cross encoder has no `pooling` and no `head`, which comes after it (both null); `activation` is the function of its scores.
 */
export type Sentences = {
  readonly folder: string;
  readonly pooling: Pooling | null;
  readonly head: Head | null;
  readonly maxTokens: number | null;
  readonly prompt: string;
  readonly lowers: boolean;
  readonly dimensions: number | null;
  readonly activation: Activation | null;
};

const LIMITS = 'sentence_bert_config.json';
const OWN = 'config_sentence_transformers.json';

/** The settings of config_sentence_transformers.json for every text and vector, named as in `Sentences`. */
export async function usualOf(
  files: Files,
  root: string,
): Promise<Pick<Sentences, 'prompt' | 'dimensions'>> {
  const own = await objectIn(files, root, OWN);
  return {
    prompt: promptOf(own, within(root, OWN)),
    dimensions: countOf(own?.['truncate_dim']),
  };
}

type Files = readonly ArtifactFile[];

const MODES: Readonly<Record<Pooling, string>> = {
  cls: 'pooling_mode_cls_token',
  mean: 'pooling_mode_mean_tokens',
  max: 'pooling_mode_max_tokens',
  mean_sqrt_len: 'pooling_mode_mean_sqrt_len_tokens',
  weightedmean: 'pooling_mode_weightedmean_tokens',
  lasttoken: 'pooling_mode_lasttoken',
};

/** Reads modules.json and the files that it names; undefined where the folder is not one of sentence-transformers. Fails with `ArtifactRejected`. */
export async function sentencesIn(files: Files, root: string): Promise<Sentences | undefined> {
  const modules = await listedModules(files, root);
  if (modules === undefined) return undefined;
  const name = within(root, 'modules.json');
  const [network, pooling, ...rest] = modules;
  const own = await objectIn(files, root, OWN);
  const isScored = own?.['model_type'] === 'CrossEncoder';
  const isServed =
    network?.kind === 'Transformer' &&
    (isScored ? modules.length === 1 : pooling?.kind === 'Pooling') &&
    rest.every(isAfterPooling);
  if (!isServed) throw unserved(modules, name);
  const folder = within(root, network.path);
  const limits = (await objectIn(files, folder, LIMITS)) ?? (await objectIn(files, root, LIMITS));
  if (!isScored) refuseTask(limits ?? {}, within(folder, LIMITS));
  const { prompt, dimensions } = await usualOf(files, root);
  return {
    folder,
    pooling: pooling ? await poolingIn(files, within(root, pooling.path), prompt) : null,
    head: pooling
      ? await headIn(files, root, {
          listed: rest,
          pooledWidth: await pooledWidth(files, within(root, pooling.path)),
        })
      : null,
    maxTokens: countOf(limits?.['max_seq_length']),
    prompt,
    lowers: limits?.['do_lower_case'] === true,
    dimensions,
    activation: isScored ? activationOf(own, within(root, OWN)) : null,
  };
}

const USUAL: Json = {
  transformer_task: 'feature-extraction',
  module_output_name: 'token_embeddings',
};

/** A Transformer takes texts as they are written, and answers the last vector of each token, by default; any other setting is rejected. */
function refuseTask(said: Json, name: string): void {
  const key = Object.keys(USUAL).find((each) => (said[each] ?? USUAL[each]) !== USUAL[each]);
  if (key !== undefined) {
    throw rejected(
      `${name} has the ${key} ${quoted(String(said[key]))}; this version pools what ${USUAL[key]} says`,
      `Serve it by code of your own: ${BY_CODE}.`,
    );
  }
  const modalities = said['modality_config'];
  if (!isObject(modalities) || modalities['message'] === undefined) return;
  throw rejected(
    `${name} has the modality \`message\`: sentence-transformers writes each text by the tokenizer's chat template first, as this version does not`,
    `If texts are to be taken as they are, set \`model.tokenizer.chat_template = None\` before it is trained and saved; or ${BY_CODE}.`,
  );
}

/** The failure for modules that are served in another way, or not at all. */
function unserved(modules: readonly Listed[], name: string) {
  const kinds = modules.map(({ kind }) => kind);
  const isRouted = kinds.some((kind) => kind === 'Router' || kind === 'Asym');
  return rejected(
    `${name} has the modules ${kinds.map(quoted).join(', ')}; this version serves a Transformer, its Pooling, and Dense, LayerNorm, Dropout and Normalize after these, a StaticEmbedding with Dropout and Normalize after it, and the Transformer of a cross encoder`,
    isRouted
      ? `Save the part that is to be served, and the other as a model of its own: \`SentenceTransformer(modules=[*model[0].sub_modules["document"], *model[1:]]).save(FOLDER)\`, with the names that it has; or ${BY_CODE}.`
      : `Serve it by code of your own: ${BY_CODE}.`,
  );
}

/** The text before each text, where a request names no other prompt. */
function promptOf(own: Json | undefined, name: string): string {
  const usual = own?.['default_prompt_name'];
  if (usual === undefined || usual === null) return '';
  const prompts = own?.['prompts'];
  const prompt = isObject(prompts) && typeof usual === 'string' ? prompts[usual] : undefined;
  if (typeof prompt === 'string') return prompt;
  throw rejected(
    `${name} has no prompt of its default_prompt_name, ${quoted(String(usual))}`,
    RESAVE,
  );
}

function activationOf(own: Json, name: string): Activation {
  const said = textOf(own['activation_fn']) ?? '';
  const [, kind = ''] = /^torch\.nn\.modules\.\w+\.(\w+)$/.exec(said) ?? [];
  if (kind === 'Sigmoid' || kind === 'Identity') return ACTIVATIONS[kind];
  throw rejected(
    `${name} has the activation_fn ${quoted(said)}; this version has Sigmoid and Identity`,
    `Serve it by code of your own: ${BY_CODE}.`,
  );
}

async function pooledWidth(files: Files, folder: string): Promise<number | null> {
  const config = (await objectIn(files, folder, 'config.json')) ?? {};
  return countOf(config['embedding_dimension']) ?? countOf(config['word_embedding_dimension']);
}

async function poolingIn(files: Files, folder: string, prompt: string): Promise<Pooling> {
  const name = within(folder, 'config.json');
  const config = await objectIn(files, folder, 'config.json');
  if (!config) throw rejected(`${name} is missing`, RESAVE);
  // Since sentence-transformers 5.3, one name or a list of names.
  const said = [config['pooling_mode'] ?? []].flat().map(String);
  const named = POOLINGS.filter(
    (mode) =>
      config[MODES[mode]] === true || said.includes(mode) || said.includes(`${mode}_tokens`),
  );
  const others = Object.keys(config).filter(
    (key) =>
      /^pooling_mode_/.test(key) && config[key] === true && !Object.values(MODES).includes(key),
  );
  const [one] = named;
  if (prompt !== '' && config['include_prompt'] === false) {
    throw rejected(
      `${name} leaves the prompt ${quoted(prompt)} out of its pooling (include_prompt), as this version does not`,
      `Serve it by code of your own: ${BY_CODE}.`,
    );
  }
  if (one && named.length === 1 && others.length === 0) return one;
  const found = [...new Set([...named, ...others, ...said])];
  throw rejected(
    `${name} pools by ${found.length > 0 ? found.map(quoted).join(' and ') : 'nothing'}; this version pools by one of ${POOLINGS.join(', ')}`,
    `Serve it by code of your own: ${BY_CODE}.`,
  );
}
