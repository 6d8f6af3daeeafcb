import { tars, zips } from './archive-grammar.ts';
import { savedPickles } from './pickle-files.ts';
import { grammaticalPickles } from './pickle-grammar.ts';
import type { Subject } from './subject.ts';

/** All that is tried, by name. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  'pickle-grammar': grammaticalPickles,
  'pickle-files': savedPickles,
  zip: zips,
  tar: tars,
};
