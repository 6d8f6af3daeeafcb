/**
 * A request of a client that its model's server kept, opened, and what that server answered with 200.
 * `id` is the `x-request-id` of the answer; `at` is when it was answered (epoch ms), and `version` who answered.
 * `path` is the path below the model's own, such as `/invocations`, and `contentType` that of the body.
 * `caller` is a fingerprint of who asked: of the id of an account's key, or of an address on one machine; absent where neither was known.
 * `body` is not encoded; it has only what the model's signature names. `truth` is what feedback says the answer should have been, and `saidAtMs` when it came (epoch); absent where there is none.
 */
export type KeptRequest = {
  readonly id: string;
  readonly at: number;
  readonly version: number;
  readonly caller?: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly answer: Uint8Array;
  readonly truth?: unknown;
  readonly saidAtMs?: number;
};
