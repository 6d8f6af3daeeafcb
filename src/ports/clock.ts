/** The time, in epoch milliseconds. Steps never read another clock, so a test owns it. */
export type Clock = { now(): number };
