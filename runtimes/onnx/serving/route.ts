/** `path` is as the client wrote it; `type` checks the body's declared type, JSON or one of those given; `absent` is the refusal of a path that the loaded model does not have; `isGone` says whether the client has left. */
export type Call = {
  readonly path: string;
  readonly header: (name: string) => string | undefined;
  readonly absent: () => Error;
  readonly type: (...also: readonly string[]) => string;
  readonly body: () => Promise<Uint8Array>;
  readonly isGone: () => boolean;
};

/** `body` is already serialised; it is JSON unless `headers` declare another type. */
export type Reply = {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string | number>>;
};

export type Route = {
  readonly method: 'GET' | 'POST';
  readonly answer: (call: Call) => Reply | Promise<Reply>;
};

/** The route of `/v1/models/NAME` for all names that no other route has. */
export const OTHER_MODEL = '/v1/models/*';
