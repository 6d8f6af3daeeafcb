/**
 * The decision about a revision from its answers; a value to branch on, never an error.
 * `warning` says what the proof could not show, `reason` what was wrong: one sentence each, for a person.
 */
export type Verdict =
  | { readonly kind: 'healthy'; readonly warning?: string }
  | { readonly kind: 'unhealthy'; readonly reason: string };
