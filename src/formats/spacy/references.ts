import { quoted, rejected } from '#formats/rejected.ts';

type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A setting of a section that loading follows. */
type Setting = { readonly section: string; readonly value: string };

const FOLLOWED = /^(?:nlp|components)(?:\.|$)/;
const REFERENCE = /^"?\$\{([\w.:-]+)\}"?$/;
// These values contain no function to call.
const PLAIN = /^(?:null|true|false|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|"[\w ./-]*")$/i;

/**
 * Refuses a reference, `${section.key}` or `${section}`, from a section that loading follows to one that it does not: spaCy replaces it by its target, including any function calls in a section.
 * Trained pipelines refer to plain values, and to other components. Source: `CustomInterpolation` of https://github.com/explosion/confection
 */
export function refuseReferences(sections: Sections, setting: Setting, file: string): void {
  const { section, value } = setting;
  if (!value.replaceAll('$$', '').includes('$')) return;
  const [, written] = REFERENCE.exec(value.trim()) ?? [];
  if (written !== undefined && isHarmless(sections, section, written)) return;
  throw rejected(
    `${file} has ${quoted(value)} in [${section}], which stands for what is not a plain value or a component`,
    'Save the pipeline with the values in their places: `nlp.config.interpolate().to_disk("config.cfg")` in its folder.',
  );
}

function isHarmless(sections: Sections, section: string, written: string): boolean {
  // spaCy reads `${a:b}` and `${a.b}` alike.
  const path = written.replaceAll(':', '.');
  const dot = path.lastIndexOf('.');
  const [from, key] = dot < 0 ? [section, path] : [path.slice(0, dot), path.slice(dot + 1)];
  const found = sections.get(from)?.get(key);
  if (found !== undefined) return FOLLOWED.test(from) || PLAIN.test(found.trim());
  // A section that loading follows is checked in its own place.
  return FOLLOWED.test(path) && sections.has(path);
}
