import type { Inspector } from '#compose/inspection/bounded.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest-yaml.ts';

/** Inspects where it is called, without a budget: for worlds whose time is not that of the machine. */
export const HERE: Inspector = {
  warm() {},
  inspect: inspectFiles,
  parseManifest: async (text, fileName) => parseManifest(text, fileName),
};
