import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tars, zips } from './archive-grammar.ts';
import { mutated } from './chance.ts';
import { grammaticalPickles } from './pickle-grammar.ts';
import type { Subject } from './subject.ts';
import { mlmodels } from './yaml-grammar.ts';

const FILE = join(import.meta.dirname, '../../fixtures/fuzz/atheris.json.gz');
const KEPT: Readonly<Record<string, readonly string[]>> = JSON.parse(
  gunzipSync(readFileSync(FILE)).toString(),
);
const AS_IT_IS = 0.15;

/** The inputs that bench/fuzz-coverage.py found to reach other branches of Python's readers, unchanged and changed. */
export const CORPORA: Readonly<Record<string, Subject>> = {
  'pickle-corpus': changed(grammaticalPickles, 'pickle'),
  'zip-corpus': changed(zips, 'zip'),
  'tar-corpus': changed(tars, 'tar'),
  'mlmodel-corpus': changed(mlmodels, 'mlmodel'),
};

/** The corpora themselves, by the names of their subjects. */
export function corpusOf(name: string): readonly Buffer[] {
  return (KEPT[name.replace('-corpus', '')] ?? []).map((text) => Buffer.from(text, 'base64'));
}

function changed(subject: Subject, name: string): Subject {
  const corpus = corpusOf(name);
  return {
    ...subject,
    make: (chance) => {
      const bytes = chance.pick(corpus);
      return chance.is(AS_IT_IS) ? bytes : mutated(bytes, corpus, chance);
    },
  };
}
