import { useEffect, useState } from 'preact/hooks';
import { type Api, ApiError } from './api.ts';

type Reading<Value> = { readonly value: Value | null; readonly error: ApiError | null };
type When = {
  /** How often it is read again, in milliseconds; 0 for not. */
  readonly everyMs: number;
  /** It is read again when this changes. */
  readonly on?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
};

/** Reads a path of the control API, and reads it again as things move; the last answer stays until a newer one comes. Reads nothing while nobody sees the page. */
export function useReading<Value>(
  api: Api,
  path: string,
  { everyMs, on = '', query }: When,
): Reading<Value> {
  const [reading, setReading] = useState<Reading<Value> & { readonly path: string }>({
    value: null,
    error: null,
    path,
  });
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      if (!document.hidden) {
        try {
          const value = await api.json<Value>(path, {
            signal: gone.signal,
            ...(query && { query }),
          });
          setReading({ value, error: null, path });
        } catch (error) {
          if (gone.signal.aborted) return;
          if (error instanceof ApiError)
            setReading((before) => ({
              ...before,
              error,
              path,
              value: before.path === path ? before.value : null,
            }));
        }
      }
      if (everyMs > 0 && !gone.signal.aborted) timer = setTimeout(read, everyMs);
    };
    void read();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [path, on, everyMs, JSON.stringify(query)]);
  return reading.path === path ? reading : { value: null, error: null };
}
