import type { Chance } from './chance.ts';

/** One trial: inputs made by chance, inspection's findings in one, and the Python reader that they are compared with. */
export type Subject = {
  /** The name of one of Python's readers, a module in `readers/`. */
  readonly reader: string;
  make(chance: Chance): Buffer;
  /** Inspection's findings, as JSON that the Python reader can compare. Fails with `ArtifactRejected`. */
  inspect(bytes: Buffer): Promise<unknown>;
};
