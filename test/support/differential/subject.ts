import type { Chance } from './chance.ts';

/** What is tried: inputs made by chance, what inspection finds in one, and the reader of Python that it is compared with. */
export type Subject = {
  /** The name of one of Python's readers, a module in `readers/`. */
  readonly reader: string;
  make(chance: Chance): Buffer;
  /** What was found, as JSON that the reader of Python knows to compare. Fails with `ArtifactRejected`. */
  inspect(bytes: Buffer): Promise<unknown>;
};
