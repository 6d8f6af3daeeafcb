/** `load` and `answer` are lines of Python, in which FILE is the name of the model's file. */
export type PredictTemplate = {
  readonly imports: readonly string[];
  readonly load: readonly string[];
  readonly answer: readonly string[];
  readonly takes?: string;
  /** More of its class, beside what loads and answers. */
  readonly methods?: readonly string[];
  readonly requirements: readonly string[];
  /** The Python that alone loads it, such as `3.11`. */
  readonly python?: string;
};

/** The same for a pickle of what a notebook or script defined, by these names: Python looks for them in the module that it was started with, which is another one in a server. */
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
