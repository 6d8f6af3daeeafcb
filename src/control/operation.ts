import type * as z from 'zod/mini';

/** An object of named values, as the path, the query or an answer has them. */
type Fields = z.ZodMiniObject;

/** The body of an operation's answer: one JSON value, text, a JSON value a line (JSON Lines), or server-sent events. */
export type Answer =
  | { readonly kind: 'json' | 'lines' | 'events'; readonly schema: z.ZodMiniType }
  | { readonly kind: 'text'; readonly type?: 'text/plain' | 'text/html' };

/**
 * One operation of the control API, from which its route, its client, its types and its page of docs/control-api.openapi.yaml are made.
 * `path` names its parameters in braces; `{key}` may have slashes. `query` and `params` say how each is read. Its name in the table is its `operationId`.
 */
export type Operation = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** Answers every caller, without authentication. */
  readonly isOpen?: true;
  readonly params?: Fields;
  readonly query?: Fields;
  /** The header that names the event after which to continue; the input's field for it is `after`. */
  readonly cursor?: { readonly header: string; readonly description: string };
  /** Takes any bytes as its body; without this flag a body is rejected. */
  readonly takesBytes?: true;
  /** A description of the answer, in words. */
  readonly says: string;
  readonly answer: Answer;
  /** Another status that the same kind of answer may have, where `is` holds for it. */
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

/** A text with its content type. */
export type Text = { readonly type: string; readonly text: string };

/** A value that is read-only at every depth. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

type Of<Schema> = Schema extends z.ZodMiniType ? Frozen<z.output<Schema>> : unknown;

/** The input of an operation: its parameters, its query, its cursor and its body together. */
export type Input<Op extends Operation> = Of<Op['params']> &
  Of<Op['query']> &
  (Op extends { cursor: object } ? { readonly after?: string | undefined } : unknown) &
  (Op extends { takesBytes: true } ? Sent : unknown);

type Answered<Op extends Operation> = Op extends { otherwise: { schema: infer Other } }
  ? Of<Other>
  : never;

/** The answer of an operation. A stream ends by itself, or when its reader stops. */
export type Output<Op extends Operation> = Op['answer'] extends {
  kind: infer Kind;
  schema: infer Schema;
}
  ? Kind extends 'json'
    ? Of<Schema> | Answered<Op>
    : AsyncGenerator<Of<Schema>, void>
  : Text;

/** The operations of a table as functions: a client offers them, and a server is given them. They fail with a `Failure`; `signal` ends their work. */
export type Control<Table extends Operations> = {
  readonly [Name in keyof Table]: (
    ...asked: unknown extends Input<Table[Name]>
      ? [nothing?: object, signal?: AbortSignal]
      : [input: Input<Table[Name]>, signal?: AbortSignal]
  ) => Promise<Output<Table[Name]>>;
};
