import type { RuntimeName } from '#domain/build/runtime.ts';
import type { FileKind } from './known-file.ts';

/**
 * How a folder of a format is recognised: `marker` is the file that identifies it.
 * `rank` is when it is looked for, before what says less about how it is served: `saved` by a tool that says all of it, `handlers`, `weights` with a description, `marked` by the marker alone; null where it is recognised in another way.
 * `isSure`: the marker alone makes a folder a model.
 */
type Folder = {
  readonly marker: string;
  readonly rank: 'saved' | 'handlers' | 'weights' | 'marked' | null;
  readonly isSure: boolean;
};

/** What a build makes of it: ONNX of trees, or of tensors; or nothing, and why. */
type Conversion =
  | { readonly to: 'trees' | 'tensors' }
  | { readonly to: null; readonly because: string };

/**
 * What a format says of itself, in `src/formats/<name>/format.ts`. It is data, which everything may import; what reads its bytes is `read` of `inspect.ts` beside it.
 * docs/extending.md has the keys.
 */
export type FormatPage = {
  /** The runtime that loads it as saved; a build may convert it for another runtime. */
  readonly runtime: RuntimeName;
  /** Null where the format is a single file. */
  readonly folder: Folder | null;
  /** The kinds of files that hold it; none for a folder. */
  readonly files: readonly FileKind[];
  /** `code`: the owner's own code comes with it, and may start programs and ask for the network. */
  readonly brings: 'data' | 'code';
  readonly conversion: Conversion;
  /** A folder of another format whose weights are of this one is loaded by `runtime`, and converted. */
  readonly asData?: { readonly runtime: RuntimeName };
  /** A server can be started before there is a model of it: its walls go by nothing else of the model than its network. */
  readonly isAwaited: boolean;
  /** Its loader makes a Unix socket that listens, though nobody connects to it. */
  readonly listens?: true;
  /** Torch moves it to a GPU. */
  readonly isOfTorch?: true;
  /** What computes it on CPUs alone, and what to do where a GPU is wanted, where this is not what its runtime says. */
  readonly onCpus?: { readonly server: string; readonly instead: string };
  /** Its framework takes named columns without pandas. */
  readonly needsNoPandas?: true;
  /** Its files are pickles, or hold one, so that a pickle under its name is no other format. */
  readonly isPickle?: true;
  /** `entrypoint` of a manifest may name what answers in it. */
  readonly takesEntrypoint?: true;
  /** Which missing values it takes, where its file does not keep all that its framework was given. */
  readonly missing?: string;
  /** The modules that most of its models import, which a build compiles first. */
  readonly imports?: readonly string[];
  /** What docs/formats.md says is read of it, and what answers. */
  readonly docs: { readonly reads: string; readonly servedBy: string };
};
