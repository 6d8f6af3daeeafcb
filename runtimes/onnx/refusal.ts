/** An error whose message is for the client, with the HTTP status that says whose fault it is; `retryAfterSeconds` where the same may be answered later, `acceptEncoding` where another coding would be. */
export type Refusal = Error & {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly acceptEncoding?: string;
};

export function refusal(
  status: number,
  message: string,
  more: Pick<Refusal, 'retryAfterSeconds' | 'acceptEncoding'> = {},
): Refusal {
  return Object.assign(new Error(message), { status }, more);
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error;
}
