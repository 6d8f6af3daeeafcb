/** The time in epoch milliseconds. Steps read no other clock, so a test controls the time. */
export type Clock = { now(): number };
