/** An error whose message is for the client, with the HTTP status that says whose fault it is; `retryAfterSeconds` if the same request may succeed later, `acceptEncoding` if another coding would, `code` and `param` if OpenAI's API has a name for the error and for its field. */
export type Refusal = Error & {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly acceptEncoding?: string;
  readonly code?: string;
  readonly param?: string;
};

export function refusal(
  status: number,
  message: string,
  more: Omit<Refusal, keyof Error | 'status'> = {},
): Refusal {
  return Object.assign(new Error(message), { status }, more);
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error;
}
