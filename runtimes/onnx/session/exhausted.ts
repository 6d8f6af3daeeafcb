import { messageOf } from '../values/json.ts';

// Messages of C++, of onnxruntime's allocators and thread pools, of the operating system and of V8; the binding only passes on the message.
const EXHAUSTED =
  /bad_alloc|bad allocation|bad_array_new_length|failed to allocate|allocation failed|out of memory|cannot allocate|resource temporarily unavailable|no space left|invalid (typed array|array|array buffer|string) length/i;

/** Whether a run failed for lack of resources: the server's own failure, whatever the client sent. A tensor length that is never allowed is the client's fault, though it is a RangeError too. */
export function isExhausted(error: unknown): boolean {
  return EXHAUSTED.test(messageOf(error));
}
