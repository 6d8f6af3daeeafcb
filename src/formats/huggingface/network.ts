import type { PipelineTask } from '#domain/artifact/facts.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { countOf, isObject, type Json, RESAVE, textOf } from './json-file.ts';
import { taskOf } from './tasks.ts';

/** The description of the network in config.json; null where it is absent. */
export type Network = {
  readonly architecture: string;
  readonly modelType: string | null;
  readonly task: PipelineTask;
  readonly problemType: string | null;
  /** The labels in the order of the outputs; empty where it has none. */
  readonly labels: readonly string[];
  readonly positions: number | null;
  readonly hiddenSize: number | null;
  readonly layers: number | null;
  readonly heads: number | null;
  readonly feedForwardSize: number | null;
  readonly vocabulary: number | null;
  readonly keyValueHeads: number | null;
  readonly headSize: number | null;
  readonly dtype: string | null;
  readonly transformersVersion: string | null;
};

const MAX_LABELS = 2_000;
const MAX_LABEL = 200;

/** Reads config.json. Fails with `ArtifactRejected` where the network needs its author's own code, or its task has no pipeline in transformers. */
export function networkOf(config: Json, name: string): Network {
  refuseCode(config, name);
  const named = config['architectures'];
  const architecture = Array.isArray(named) ? textOf(named[0]) : null;
  if (architecture === null) {
    throw rejected(
      `${name} names no architecture, so it is unknown what the model is for`,
      `${RESAVE} Or ${BY_CODE}.`,
    );
  }
  const task = taskOf(architecture, config);
  if (!task) {
    throw rejected(
      `${name} has the architecture ${quoted(architecture)}, whose task this version does not know`,
      `Serve it by code of your own: ${BY_CODE}.`,
    );
  }
  const count = (...keys: readonly string[]) =>
    keys.map((key) => countOf(config[key])).find((value) => value !== null) ?? null;
  return {
    architecture,
    modelType: textOf(config['model_type']),
    task,
    problemType: textOf(config['problem_type']),
    labels: labelsOf(config, name),
    positions: count('max_position_embeddings', 'n_positions'),
    hiddenSize: count('hidden_size', 'dim', 'd_model', 'n_embd'),
    layers: count('num_hidden_layers', 'n_layers', 'num_layers', 'n_layer'),
    heads: count('num_attention_heads', 'n_heads', 'num_heads', 'n_head'),
    feedForwardSize: count('intermediate_size', 'hidden_dim', 'd_ff', 'n_inner'),
    vocabulary: count('vocab_size'),
    keyValueHeads: count('num_key_value_heads'),
    headSize: count('head_dim', 'd_kv'),
    dtype: textOf(config['dtype']) ?? textOf(config['torch_dtype']),
    transformersVersion: textOf(config['transformers_version']),
  };
}

/** Fails with `ArtifactRejected` for a file that names code to import: transformers would run it, and Slipway never allows that. */
export function refuseCode(config: Json, name: string): void {
  const key = codeKeyIn(config, name);
  if (key === undefined) return;
  throw rejected(
    `${name} has ${key}: the model is loaded by code of its author's own (\`trust_remote_code\`), which is never run unasked`,
    `If you trust that code, ${BY_CODE}; it then runs as your own, behind the same walls as any model.`,
  );
}

const CODE_KEYS: ReadonlySet<string> = new Set(['auto_map', 'custom_pipelines']);
const MAX_CONFIG_DEPTH = 64;

/** It searches at any depth: a network contains others (`text_config`, `backbone_config`), which transformers makes from their own configurations. */
function codeKeyIn(config: Json, name: string): string | undefined {
  let level: readonly unknown[] = [config];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_CONFIG_DEPTH) {
      throw rejected(
        `${name} nests more than ${MAX_CONFIG_DEPTH} deep, which is the limit`,
        RESAVE,
      );
    }
    const entries = level.flatMap((each) => Object.entries(Object(each)));
    const found = entries.find(([key, value]) => CODE_KEYS.has(key) && isFilled(value));
    if (found) return found[0];
    level = entries.map(([, value]) => value).filter((value) => typeof value === 'object');
  }
  return undefined;
}

function isFilled(value: unknown): boolean {
  return isObject(value) ? Object.keys(value).length > 0 : value !== undefined && value !== null;
}

function labelsOf(config: Json, name: string): readonly string[] {
  const named = config['id2label'];
  if (!isObject(named)) return [];
  const count = Object.keys(named).length;
  if (count > MAX_LABELS) {
    throw rejected(
      `${name} has ${count} labels; the limit is ${MAX_LABELS}`,
      `Serve it by code of your own: ${BY_CODE}.`,
    );
  }
  return Array.from({ length: count }, (_, id) => {
    const label = textOf(named[id]);
    if (label !== null && label.length <= MAX_LABEL) return label;
    throw rejected(
      `${name} has ${count} labels in id2label, but none of at most ${MAX_LABEL} characters for ${id}`,
      RESAVE,
    );
  });
}
