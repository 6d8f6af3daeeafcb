import type { BuildPlan } from '#domain/deployment.ts';
import type { PythonEnvironment } from './python-environment.ts';

/**
 * An image of what serves models, or converts them (`convert`), without any model: built once for all models that need the same, and named by `tag` after what is in it.
 * `python` is what `onnx` does not need.
 */
export type EnvironmentImage = {
  readonly tag: string;
  readonly runtime: 'onnx' | 'python' | 'convert';
  readonly python: PythonEnvironment | null;
};

/** What the build of environments is told: all that are to be there after it, in this order, and nothing of any artifact. */
export type EnvironmentOrder = { readonly environments: readonly EnvironmentImage[] };

/** The tags of the environments that the build of a model takes its layers from, and proves it in; null where it needs none. */
export type EnvironmentTags = Readonly<Record<EnvironmentImage['runtime'], string | null>>;

type Wanted = {
  readonly plan: Pick<BuildPlan, 'runtime' | 'environmentHash' | 'python'>;
  /** `auto`: a model of Python may be served as ONNX. */
  readonly optimize: 'auto' | 'none';
  /** Names the environment that serves ONNX. */
  readonly onnxHash: string;
};

/** The environments of a model, in the order in which they are to be built: what a model of Python is served by comes last, so it is there only when the others have been tried. */
export function environmentImages({
  plan,
  optimize,
  onnxHash,
}: Wanted): readonly EnvironmentImage[] {
  const { runtime, environmentHash: hash, python } = plan;
  if (runtime === 'onnx') return [{ tag: `onnx-${hash}`, runtime, python: null }];
  const served: EnvironmentImage = { tag: `python-${hash}`, runtime, python };
  // Also of a model that is not to be converted: whether there is a converter is not asked when the next one finds the rest.
  const convert: EnvironmentImage = { tag: `convert-${hash}`, runtime: 'convert', python };
  if (optimize === 'none') return [convert, served];
  return [{ tag: `onnx-${onnxHash}`, runtime: 'onnx', python: null }, convert, served];
}

/** The tags of those that a model cannot do without: not every version of a framework has a converter. */
export function requiredTags(environments: readonly EnvironmentImage[]): readonly string[] {
  return environments.filter(({ runtime }) => runtime !== 'convert').map(({ tag }) => tag);
}

export function environmentTags(environments: readonly EnvironmentImage[]): EnvironmentTags {
  const tagOf = (wanted: EnvironmentImage['runtime']) =>
    environments.find(({ runtime }) => runtime === wanted)?.tag ?? null;
  return { onnx: tagOf('onnx'), python: tagOf('python'), convert: tagOf('convert') };
}
