/** An error whose message is for the client, with the HTTP status that says whose fault it is; `retryAfterSeconds` where the same may be answered later, `acceptEncoding` where another coding would be, `code` and `param` where OpenAI's API has a name for it and for the field that it is about. */
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
