import type * as z from 'zod/mini';

/** An object of named values, as the path, the query or an answer has them. */
type Fields = z.ZodMiniObject;

/** The body of an operation's answer: one JSON value, text, a JSON value a line (JSON Lines), or server-sent events. */
export type Answer =
  | { readonly kind: 'json' | 'lines' | 'events'; readonly schema: z.ZodMiniType }
  | { readonly kind: 'text' };

/**
 * One operation of the control API, from which its route, its client, its types and its page of docs/control-api.openapi.yaml are made.
 * `path` names its parameters in braces; `{key}` may have slashes. `query` and `params` say how each is read. Its name in the table is its `operationId`.
 */
export type Operation = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** Answers whoever asks, without proof of who that is. */
  readonly isOpen?: true;
  readonly params?: Fields;
  readonly query?: Fields;
  /** The header that says after which event to go on; the input has it as `after`. */
  readonly cursor?: { readonly header: string; readonly description: string };
  /** Takes any bytes as its body; without it a body is refused. */
  readonly takesBytes?: true;
  /** What the answer is, in words. */
  readonly says: string;
  readonly answer: Answer;
  /** Another status that the same kind of answer may have, where it `is` such. */
  readonly otherwise?: {
    readonly status: number;
    readonly says: string;
    readonly schema: z.ZodMiniType;
  };
};

/** The operations of a control API by their names. */
export type Operations = Readonly<Record<string, Operation>>;

/** The bytes of a request; `sizeBytes` is the size that the sender declares, undefined when it declares none. `bytes` is null when there is no body. */
export type Sent = {
  readonly bytes: ReadableStream<Uint8Array> | null;
  readonly sizeBytes: number | undefined;
};

/** Prometheus' text, with its content type. */
export type Text = { readonly type: string; readonly text: string };

/** A value of which nothing may be changed, at any depth. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

type Of<Schema> = Schema extends z.ZodMiniType ? Frozen<z.output<Schema>> : unknown;

/** What an operation is asked with: its parameters, its query, its cursor and its body together. */
export type Input<Op extends Operation> = Of<Op['params']> &
  Of<Op['query']> &
  (Op extends { cursor: object } ? { readonly after?: string | undefined } : unknown) &
  (Op extends { takesBytes: true } ? Sent : unknown);

type Answered<Op extends Operation> = Op extends { otherwise: { schema: infer Other } }
  ? Of<Other>
  : never;

/** What an operation answers. A stream ends by itself, or when its reader stops. */
export type Output<Op extends Operation> = Op['answer'] extends {
  kind: infer Kind;
  schema: infer Schema;
}
  ? Kind extends 'json'
    ? Of<Schema> | Answered<Op>
    : AsyncGenerator<Of<Schema>, void>
  : Text;

/** The operations of a table as functions: what a client offers, and what a server has to be given. They fail with a `Failure`; `signal` ends what they do. */
export type Control<Table extends Operations> = {
  readonly [Name in keyof Table]: (
    ...asked: unknown extends Input<Table[Name]>
      ? [nothing?: object, signal?: AbortSignal]
      : [input: Input<Table[Name]>, signal?: AbortSignal]
  ) => Promise<Output<Table[Name]>>;
};
