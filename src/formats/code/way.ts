/** `load` and `answer` are lines of Python, in which FILE is the name of the model's file. */
export type Way = {
  readonly imports: readonly string[];
  readonly load: readonly string[];
  readonly answer: readonly string[];
  readonly takes?: string;
  /** More of its class, beside what loads and answers. */
  readonly methods?: readonly string[];
  readonly requirements: readonly string[];
};
