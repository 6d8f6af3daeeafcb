import { messageOf } from '../values/json.ts';

// Of C++, of onnxruntime's allocators and thread pools, of the operating system and of V8; the binding hands on their messages alone.
const EXHAUSTED =
  /bad_alloc|bad allocation|bad_array_new_length|failed to allocate|allocation failed|out of memory|cannot allocate|resource temporarily unavailable|no space left|invalid (typed array|array|array buffer|string) length/i;

/** Whether what a run needed was not there: the server's own failure, whatever the client sent. Lengths that no tensor may have are the client's, though they are a RangeError too. */
export function isExhausted(error: unknown): boolean {
  return EXHAUSTED.test(messageOf(error));
}
