import { tars, zips } from './archive-grammar.ts';
import { FRAMEWORKS } from './framework-subjects.ts';
import { CORPORA } from './kept-corpus.ts';
import { savedPickles } from './pickle-files.ts';
import { grammaticalPickles } from './pickle-grammar.ts';
import { skopsFiles } from './skops-subject.ts';
import type { Subject } from './subject.ts';
import { mlmodels } from './yaml-grammar.ts';

/** All that is tried, by name. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  'pickle-grammar': grammaticalPickles,
  'pickle-files': savedPickles,
  zip: zips,
  tar: tars,
  mlmodel: mlmodels,
  skops: skopsFiles,
  ...FRAMEWORKS,
  ...CORPORA,
};
