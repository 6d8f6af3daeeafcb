/**
 * What was decided of a revision from what it answered; a value to branch on, never an error.
 * `warning` says what the proof could not show, `reason` what was wrong: each one sentence for a person.
 */
export type Verdict =
  | { readonly kind: 'healthy'; readonly warning?: string }
  | { readonly kind: 'unhealthy'; readonly reason: string };
