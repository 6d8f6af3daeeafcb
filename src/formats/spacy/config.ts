import { quoted, rejected } from '#formats/rejected.ts';
import { refuseReferences } from './references.ts';

/** A component of a pipeline; `source` is the package that it would be taken from. */
export type Pipe = { readonly name: string; readonly factory: string; readonly source?: string };

export type Pipeline = {
  readonly components: readonly Pipe[];
  /** The registered functions that loading it calls, and the section in which each is named. */
  readonly functions: readonly { readonly function: string; readonly at: string }[];
  /** The keys of the section `nlp`. */
  readonly settings: ReadonlyMap<string, string>;
};

// spaCy's own syntax: text that Python's configparser would read differently is refused.
const SECTION = /^\[([\w.-]+)\]$/;
const SETTING = /^(@?[\w.-]+) ?= ?(.*)$/;
const CALLED = /"@[\w-]+"\s*:\s*"((?:[^"\\]|\\.)*)"/g;
const MAX_LINES = 20_000;

/** Reads the parts of a config.cfg that loading a pipeline follows: the sections `nlp` and `components`. Fails with `ArtifactRejected`. */
export function readPipeline(text: string, file: string): Pipeline {
  const sections = sectionsOf(text, file);
  const components: Pipe[] = [];
  const functions: { function: string; at: string }[] = [];
  for (const [section, settings] of sections) {
    if (section !== 'nlp' && !/^(nlp|components)\./.test(section)) continue;
    for (const [key, value] of settings) {
      refuseReferences(sections, { section, value }, file);
      if (key.startsWith('@')) functions.push({ function: unquoted(value), at: section });
      // A key may be written in numeric escapes, which spaCy never does.
      if (/\\u00/i.test(value)) throw escaped(file, value, section);
      for (const [, called = ''] of value.matchAll(CALLED)) {
        functions.push({ function: called, at: section });
      }
    }
    const [, name] = /^components\.([^.]+)$/.exec(section) ?? [];
    if (name === undefined) continue;
    const source = settings.get('source');
    components.push({
      name,
      factory: unquoted(settings.get('factory') ?? ''),
      ...(source !== undefined && { source: unquoted(source) }),
    });
  }
  const settings = sections.get('nlp');
  if (settings) return { components, functions, settings };
  throw rejected(`${file} has no section [nlp]`, RESAVE);
}

function escaped(file: string, value: string, section: string) {
  return rejected(
    `${file} has ${quoted(value)} in [${section}], with a letter by its number, which spaCy does not write`,
    RESAVE,
  );
}

const RESAVE = 'Save the pipeline with `nlp.to_disk(FOLDER)` and upload the whole folder.';

function sectionsOf(text: string, file: string): ReadonlyMap<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  let last: string | undefined;
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) {
    throw rejected(`${file} has ${lines.length} lines; the limit is ${MAX_LINES}`, RESAVE);
  }
  for (const [index, line] of lines.entries()) {
    const odd = () =>
      rejected(
        `${file} has ${quoted(line.trim())} in line ${index + 1}, which spaCy does not write`,
        RESAVE,
      );
    if (line === '' || /^[#;]/.test(line)) continue;
    if (/^\s/.test(line)) {
      if (!current || last === undefined) throw odd();
      current.set(last, `${current.get(last)}\n${line.trim()}`);
      continue;
    }
    const [, section] = SECTION.exec(line) ?? [];
    if (section !== undefined) {
      // Python adds the content of this section to every other.
      if (sections.has(section) || section === 'DEFAULT') throw odd();
      current = new Map();
      last = undefined;
      sections.set(section, current);
      continue;
    }
    const [, key, value = ''] = SETTING.exec(line) ?? [];
    if (!current || key === undefined || current.has(key)) throw odd();
    current.set(key, value);
    last = key;
  }
  return sections;
}

function unquoted(value: string): string {
  return /^"(.*)"$/.exec(value.trim())?.[1] ?? value.trim();
}
