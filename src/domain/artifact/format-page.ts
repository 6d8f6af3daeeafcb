import type { RuntimeName } from '#domain/build/runtime.ts';
import type { FileKind } from './known-file.ts';

/**
 * How a folder of a format is recognised: `marker` is the file that identifies it.
 * `rank` orders the search: formats that say more about how they are served come first. `saved` is by a tool that says all of it, then `handlers`, `weights` with a description, `marked` by the marker alone; null where it is recognised in another way.
 * `isSure`: the marker alone makes a folder a model.
 */
type Folder = {
  readonly marker: string;
  readonly rank: 'saved' | 'handlers' | 'weights' | 'marked' | null;
  readonly isSure: boolean;
};

/** The result of a conversion in a build: ONNX of trees or of tensors; or none, and the reason. */
type Conversion =
  | { readonly to: 'trees' | 'tensors' }
  | { readonly to: null; readonly because: string };

/**
 * The description of a format, in `src/formats/<name>/format.ts`. It is data, which every folder may import; the code that reads its bytes is `read` in `inspect.ts` beside it.
 * docs/extending.md describes the keys.
 */
export type FormatPage = {
  /** The runtime that loads it as saved; a build may convert it for another runtime. */
  readonly runtime: RuntimeName;
  /** Null where the format is a single file. */
  readonly folder: Folder | null;
  /** The kinds of files that hold it; empty for a folder. */
  readonly files: readonly FileKind[];
  /** `code`: the owner's own code comes with it, and may start programs and use the network. */
  readonly brings: 'data' | 'code';
  readonly conversion: Conversion;
  /** A folder of another format whose weights are in this one is loaded by `runtime`, and converted. */
  readonly asData?: { readonly runtime: RuntimeName };
  /** A server can be started before there is a model for it: its walls depend on no setting of the model except its network access. */
  readonly isAwaited: boolean;
  /** Its loader makes a Unix socket that listens, though nobody connects to it. */
  readonly listens?: true;
  /** Torch moves it to a GPU. */
  readonly isOfTorch?: true;
  /** The server that runs it, on CPUs alone, and the remedy where a GPU is wanted; present where these differ from its runtime's. */
  readonly onCpus?: { readonly server: string; readonly instead: string };
  /** Its framework takes named columns without pandas. */
  readonly needsNoPandas?: true;
  /** Its files are pickles, or contain one, so a pickle under its name is not another format. */
  readonly isPickle?: true;
  /** `entrypoint` in a manifest may name the class or function in it that answers. */
  readonly takesEntrypoint?: true;
  /** The missing values that it accepts, where its file does not keep all the settings of its framework. */
  readonly missing?: string;
  /** The modules that most of its models import, which a build compiles first. */
  readonly imports?: readonly string[];
  /** The cells of the table in docs/formats.md: the content that is read, and the server that answers. */
  readonly docs: { readonly reads: string; readonly servedBy: string };
};
