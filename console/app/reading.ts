import { useEffect, useState } from 'preact/hooks';
import { type Api, ApiError } from './api.ts';

type Reading<Value> = { readonly value: Value | null; readonly error: ApiError | null };
type When<Value> = {
  /** How long after an answer it is read again, in milliseconds; 0 for not. */
  readonly everyMs: number | ((value: Value) => number);
  /** It is read again when this changes. */
  readonly on?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
};

/** After a failure. */
const AGAIN_MS = 1000;

/** Reads a path of the control API, and reads it again as things move; the last answer stays until a newer one comes. Reads nothing while nobody sees the page. */
export function useReading<Value>(
  api: Api,
  path: string,
  { everyMs, on = '', query }: When<Value>,
): Reading<Value> {
  const [reading, setReading] = useState<Reading<Value> & { readonly path: string }>({
    value: null,
    error: null,
    path,
  });
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (afterMs: number) => {
      if (afterMs > 0 && !gone.signal.aborted) timer = setTimeout(read, afterMs);
    };
    const read = async () => {
      timer = undefined;
      // Goes on once somebody looks again.
      if (document.hidden) return;
      try {
        const value = await api.json<Value>(path, {
          signal: gone.signal,
          ...(query && { query }),
        });
        setReading({ value, error: null, path });
        again(typeof everyMs === 'number' ? everyMs : everyMs(value));
      } catch (error) {
        if (gone.signal.aborted) return;
        if (error instanceof ApiError)
          setReading((before) => ({
            ...before,
            error,
            path,
            value: before.path === path ? before.value : null,
          }));
        again(typeof everyMs === 'number' ? everyMs : AGAIN_MS);
      }
    };
    const seen = () => {
      if (document.hidden || timer !== undefined) return;
      void read();
    };
    void read();
    document.addEventListener('visibilitychange', seen);
    return () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [path, on, String(everyMs), JSON.stringify(query)]);
  return reading.path === path ? reading : { value: null, error: null };
}
