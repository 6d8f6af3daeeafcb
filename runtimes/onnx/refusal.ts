/** An error whose message is for the client, with the HTTP status that says whose fault it is. */
export type Refusal = Error & { readonly status: number };

export function refusal(status: number, message: string): Refusal {
  return Object.assign(new Error(message), { status });
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error;
}
