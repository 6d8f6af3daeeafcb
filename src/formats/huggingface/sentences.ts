import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { countOf, isObject, type Json, jsonIn, objectIn, RESAVE, textOf } from './json-file.ts';

/** How a vector is made of those of the tokens. */
export const POOLINGS = ['cls', 'mean', 'max', 'mean_sqrt_len', 'lasttoken'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** What a cross encoder makes of the network's scores. */
const ACTIVATIONS = { Sigmoid: 'sigmoid', Identity: 'none' } as const;
export type Activation = (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS];

/**
 * What sentence-transformers does beside the network. `folder` is the network's own; `maxTokens` is null where it sets no limit.
 * `prompt` is what it puts before each text unless it is told otherwise; `lowers` is whether it takes texts in small letters.
 * `dimensions` is how many numbers of a vector it keeps, null for all.
 * Of a cross encoder `pooling` is null, and `activation` says what its scores are.
 */
export type Sentences = {
  readonly folder: string;
  readonly pooling: Pooling | null;
  readonly normalizes: boolean;
  readonly maxTokens: number | null;
  readonly prompt: string;
  readonly lowers: boolean;
  readonly dimensions: number | null;
  readonly activation: Activation | null;
};

const OWN = 'config_sentence_transformers.json';

type Files = readonly ArtifactFile[];
type Module = { readonly kind: string; readonly path: string };

const MODES: Readonly<Record<Pooling, string>> = {
  cls: 'pooling_mode_cls_token',
  mean: 'pooling_mode_mean_tokens',
  max: 'pooling_mode_max_tokens',
  mean_sqrt_len: 'pooling_mode_mean_sqrt_len_tokens',
  lasttoken: 'pooling_mode_lasttoken',
};

/** Reads modules.json and what it names; undefined where the folder is none of sentence-transformers. Fails with `ArtifactRejected`. */
export async function sentencesIn(files: Files, root: string): Promise<Sentences | undefined> {
  const listed = await jsonIn(files, root, 'modules.json');
  if (listed === undefined) return undefined;
  const name = within(root, 'modules.json');
  const modules = modulesOf(listed, name);
  const [network, pooling, ...rest] = modules;
  const own = await objectIn(files, root, OWN);
  const isScored = own?.['model_type'] === 'CrossEncoder';
  const isServed =
    network?.kind === 'Transformer' &&
    (isScored ? modules.length === 1 : pooling?.kind === 'Pooling') &&
    rest.every(({ kind }) => kind === 'Normalize') &&
    rest.length <= 1;
  if (!isServed) {
    const kinds = modules.map(({ kind }) => kind);
    throw rejected(
      `${name} has the modules ${kinds.map(quoted).join(', ')}; this version serves Transformer, Pooling and Normalize, in this order, and the Transformer of a cross encoder`,
      `Serve it by code of your own: ${BY_CODE}.`,
    );
  }
  const folder = within(root, network.path);
  const limits =
    (await objectIn(files, folder, 'sentence_bert_config.json')) ??
    (await objectIn(files, root, 'sentence_bert_config.json'));
  const prompt = promptOf(own, within(root, OWN));
  return {
    folder,
    pooling: pooling ? await poolingIn(files, within(root, pooling.path), prompt) : null,
    normalizes: rest.length === 1,
    maxTokens: countOf(limits?.['max_seq_length']),
    prompt,
    lowers: limits?.['do_lower_case'] === true,
    dimensions: countOf(own?.['truncate_dim']),
    activation: isScored ? activationOf(own, within(root, OWN)) : null,
  };
}

/** What is put before each text where nothing else is asked for. */
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

function modulesOf(listed: unknown, name: string): readonly Module[] {
  if (!Array.isArray(listed)) throw rejected(`${name} is no list of modules`, RESAVE);
  return listed.map((each) => {
    const type = isObject(each) ? textOf(each['type']) : null;
    const path = isObject(each) && typeof each['path'] === 'string' ? each['path'] : '';
    if (type === null || /(^|\/)\.\.(\/|$)|^\//.test(path)) {
      throw rejected(`${name} has a module without a type, or outside its folder`, RESAVE);
    }
    if (!type.startsWith('sentence_transformers.')) {
      throw rejected(
        `${name} names the module ${quoted(type)}: it is code of its author's own (\`trust_remote_code\`), which is never run unasked`,
        `If you trust that code, ${BY_CODE}; it then runs as your own, behind the same walls as any model.`,
      );
    }
    return { kind: type.slice(type.lastIndexOf('.') + 1), path };
  });
}

async function poolingIn(files: Files, folder: string, prompt: string): Promise<Pooling> {
  const name = within(folder, 'config.json');
  const config = await objectIn(files, folder, 'config.json');
  if (!config) throw rejected(`${name} is missing`, RESAVE);
  const named = POOLINGS.filter(
    (mode) => config[MODES[mode]] === true || config['pooling_mode'] === mode,
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
  const said = [config['pooling_mode'] ?? []].flat().map(String);
  const found = [...new Set([...named, ...others, ...said])];
  throw rejected(
    `${name} pools by ${found.length > 0 ? found.map(quoted).join(' and ') : 'nothing'}; this version pools by one of ${POOLINGS.join(', ')}`,
    `Serve it by code of your own: ${BY_CODE}.`,
  );
}
