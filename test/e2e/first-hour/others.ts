import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Rows } from './shapes.ts';

/** scikit-learn's answers to some rows, as the script beside a fixture has written them. */
export type Answers = {
  readonly rows: Rows['rows'];
  readonly classes?: readonly (string | number)[];
  readonly labels: readonly (string | number)[];
  readonly probabilities: readonly (readonly number[])[];
};

export function pathOf(fixture: string): string {
  return fileURLToPath(new URL(`../../fixtures/${fixture}`, import.meta.url));
}

export function answersOf(fixture: string): Answers {
  return JSON.parse(readFileSync(pathOf(fixture), 'utf8'));
}

/** The same as a model answers it row by row: probabilities as a list, or by class where they are exported so. */
export function rowsAnswered({ labels, probabilities, classes }: Answers, label: string) {
  return labels.map((each, row) => ({
    [label]: each,
    probabilities: classes
      ? Object.fromEntries(classes.map((name, at) => [String(name), probabilities[row]?.[at]]))
      : probabilities[row],
  }));
}

/** scikit-learn's answers by other methods than `predict`: the only output itself, or an object of the outputs for each row. */
export function otherAnswersOf(fixture: string): {
  readonly rows: Rows['rows'];
  readonly predictions: readonly unknown[];
} {
  const { rows, answers } = JSON.parse(readFileSync(pathOf(fixture), 'utf8'));
  const [[, only] = [], ...more] = Object.entries<unknown[]>(answers);
  if (more.length === 0) return { rows, predictions: only ?? [] };
  const byRow = (_: unknown, at: number) =>
    Object.fromEntries(Object.entries<unknown[]>(answers).map(([name, all]) => [name, all[at]]));
  return { rows, predictions: rows.map(byRow) };
}
