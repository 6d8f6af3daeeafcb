import { messageOf } from './json.ts';

// Of C++, of onnxruntime's allocators and thread pools, and of the operating system; the binding hands on their messages alone.
const EXHAUSTED =
  /bad_alloc|bad allocation|bad_array_new_length|failed to allocate|allocation failed|out of memory|cannot allocate|resource temporarily unavailable|no space left/i;

/** Whether what a run needed was not there: the server's own failure, whatever the client sent. V8 says of its own memory that a length is out of range. */
export function isExhausted(error: unknown): boolean {
  return error instanceof RangeError || EXHAUSTED.test(messageOf(error));
}
