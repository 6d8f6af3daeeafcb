import { readFile } from 'node:fs/promises';

/**
 * A `predict.py` from `drafts/`, in which WHAT names the kind of model and PATH its file, and the packages that its header lists.
 * `python` is the only Python version that loads the model, such as `3.11`.
 */
export type PredictTemplate = {
  readonly code: string;
  readonly requirements: readonly string[];
  readonly python?: string;
};

// The packed command has the sources of the stack beside its bundle.
const DRAFTS = new URL(
  import.meta.url.endsWith('.ts') ? './drafts/' : '../stack/src/formats/code/drafts/',
  import.meta.url,
);

// Inline script metadata, by which uv and pipx install what a script needs: https://packaging.python.org/en/latest/specifications/inline-script-metadata/
const HEADER = /^# \/\/\/ script\n# dependencies = (?<list>\[.*\])\n# \/\/\/\n/;

/** The template in `drafts/` with this name, such as `pickles/prophet`. */
export async function templateOf(name: string): Promise<PredictTemplate> {
  const text = await readFile(new URL(`${name}.py`, DRAFTS), 'utf8');
  const requirements: readonly string[] = JSON.parse(HEADER.exec(text)?.groups?.['list'] ?? '[]');
  return { code: text.replace(HEADER, ''), requirements };
}

/** The predict.py of a template for the model in the file or folder `path`; `what` names it in the first line. */
export function codeOf({ code }: PredictTemplate, what: string, path: string): string {
  return code.replace('WHAT', () => what).replace('"PATH"', () => JSON.stringify(path));
}

/** The template with these lines of Python at the start of its setup. */
export function withSetup(template: PredictTemplate, lines: readonly string[]): PredictTemplate {
  const setup = '    def setup(self):\n';
  const more = lines.map((line) => `        ${line}\n`).join('');
  return { ...template, code: template.code.replace(setup, () => setup + more) };
}

/** The same for a pickle of objects that a notebook or script defined, by these names: Python looks for them in its start module, which is a different one in a server. */
export function withScript(template: PredictTemplate, names: readonly string[]): PredictTemplate {
  const imports = [
    '# What the notebook or script defined that saved it: copy that to a file model.py beside this one.',
    `from model import ${names.join(', ')}`,
  ];
  const code = template.code
    .replace('\n\n', '\n\nimport sys\n\n')
    .replace('\nFILE = ', () => `\n${imports.join('\n')}\n\nFILE = `);
  return withSetup(
    { ...template, code },
    names.map((name) => `sys.modules["__main__"].${name} = ${name}`),
  );
}
