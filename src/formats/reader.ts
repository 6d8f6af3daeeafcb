import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { FileFormat } from '#domain/artifact/format.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

type Files = readonly ArtifactFile[];

/** A model's file, and the format that its name or first bytes show. */
export type FoundFile = { readonly file: ArtifactFile; readonly format: FileFormat };

/** The input of a reader besides the bytes. */
export type Given = {
  /** All files beside the model: the artifact's, or those of the innermost archive. */
  readonly files: Files;
  /** The manifest's settings for a language model. */
  readonly asked: { readonly contextTokens?: number; readonly requestsAtOnce?: number };
  /** The model's file, where the manifest names it. */
  readonly path: string | null;
  /** The names that the manifest allows in pickles. */
  readonly allowed: readonly string[];
  /** The names among these whose module is neither beside the model nor part of a framework. */
  readonly absent: readonly string[];
  /** The file of a folder format that has one, or null. */
  readonly model: FoundFile | null;
  /** Inspects a file that is part of the model, as one of another format; `beside` are the files that belong to that. */
  readonly inspectData: (
    file: ArtifactFile,
    format: FileFormat,
    beside?: Files,
  ) => Promise<ModelFacts>;
};

/** Reads the facts of a model's file from ranges of its bytes, without loading it. Fails with `ArtifactRejected`. */
export type ReadFile = (source: ByteSource, name: string, given: Given) => Promise<ModelFacts>;

/** Reads the facts of the model in the folder `root` in the same way. */
export type ReadFolder = (files: Files, root: string, given: Given) => Promise<ModelFacts>;

/** The folders that this format's tools saved; without it, those with its marker. */
export type FindFolders = (files: Files) => Promise<readonly string[]>;

/** The file of a folder that is served without the rest, as a model of its own format; undefined where there is none. */
export type FindServedAlone = (files: Files, root: string) => Promise<FoundFile | undefined>;
