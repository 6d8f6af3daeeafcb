/** A response with a JSON value and its `content-length`. */
export function jsonResponse(
  value: unknown,
  { status, headers = {} }: { readonly status: number; readonly headers?: Record<string, string> },
): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return new Response(bytes, {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(bytes.length),
      ...headers,
    },
  });
}
