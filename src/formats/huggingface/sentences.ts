import { BY_CODE } from '#domain/artifact/known-files.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { countOf, isObject, jsonIn, objectIn, RESAVE, textOf } from './json-file.ts';

/** How a vector is made of those of the tokens. */
export const POOLINGS = ['cls', 'mean', 'max', 'mean_sqrt_len', 'lasttoken'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** What sentence-transformers does beside the network. `folder` is the network's own; `maxTokens` is null where it sets no limit. */
export type Sentences = {
  readonly folder: string;
  readonly pooling: Pooling;
  readonly normalizes: boolean;
  readonly maxTokens: number | null;
};

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
  const [network, pooling, ...rest] = modulesOf(listed, name);
  const isServed =
    network?.kind === 'Transformer' &&
    pooling?.kind === 'Pooling' &&
    rest.every(({ kind }) => kind === 'Normalize') &&
    rest.length <= 1;
  if (!isServed) {
    const kinds = modulesOf(listed, name).map(({ kind }) => kind);
    throw rejected(
      `${name} has the modules ${kinds.map(quoted).join(', ')}; this version serves Transformer, Pooling and Normalize, in this order`,
      `Serve it by code of your own: ${BY_CODE}.`,
    );
  }
  const folder = within(root, network.path);
  const limits =
    (await objectIn(files, folder, 'sentence_bert_config.json')) ??
    (await objectIn(files, root, 'sentence_bert_config.json'));
  return {
    folder,
    pooling: await poolingIn(files, within(root, pooling.path)),
    normalizes: rest.length === 1,
    maxTokens: countOf(limits?.['max_seq_length']),
  };
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

async function poolingIn(files: Files, folder: string): Promise<Pooling> {
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
  if (one && named.length === 1 && others.length === 0) return one;
  const found = [...named, ...others];
  throw rejected(
    `${name} pools by ${found.length > 0 ? found.map(quoted).join(' and ') : 'nothing'}; this version pools by one of ${POOLINGS.join(', ')}`,
    `Serve it by code of your own: ${BY_CODE}.`,
  );
}
