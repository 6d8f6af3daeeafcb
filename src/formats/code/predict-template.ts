/** `load` and `answer` are lines of Python, in which FILE is the name of the model's file. */
export type PredictTemplate = {
  readonly imports: readonly string[];
  readonly load: readonly string[];
  readonly answer: readonly string[];
  readonly takes?: string;
  /** Further methods of its class, besides loading and answering. */
  readonly methods?: readonly string[];
  readonly requirements: readonly string[];
  /** The only Python version that loads it, such as `3.11`. */
  readonly python?: string;
};

/** Takes a table of pandas, which a `dataframe_split`, `dataframe_records` or CSV becomes where pandas is installed, as the objects that it was made from. */
export const RECORDS = 'rows = rows.to_dict("records") if hasattr(rows, "to_dict") else rows';

/** The same for a pickle of objects that a notebook or script defined, by these names: Python looks for them in its start module, which is a different one in a server. */
export function withScript(template: PredictTemplate, names: readonly string[]): PredictTemplate {
  return {
    ...template,
    imports: [
      'import sys',
      '',
      ...template.imports,
      '',
      '# What the notebook or script defined that saved it: copy that to a file model.py beside this one.',
      `from model import ${names.join(', ')}`,
    ],
    load: [...names.map((name) => `sys.modules["__main__"].${name} = ${name}`), ...template.load],
  };
}

/** The predict.py of a template: `what` names the model in its first line, and `name` is its file. */
export function codeOf(what: string, template: PredictTemplate, name: string): string {
  const { imports, load, takes = 'rows', answer, methods } = template;
  const code = [
    `"""Answers for ${what}: setup runs once, and predict is given the body of each request."""`,
    '',
    ...imports,
    ...(imports.length > 0 ? [''] : []),
    `FILE = ${JSON.stringify(name)}`,
    '',
    '',
    'class Predictor:',
    '    def setup(self):',
    ...load.map((line) => `        ${line}`),
    '',
    `    def predict(self, ${takes}):`,
    ...answer.map((line) => `        ${line}`),
    ...(methods ? ['', ...methods.map((line) => `    ${line}`)] : []),
  ];
  return `${code.join('\n')}\n`;
}
