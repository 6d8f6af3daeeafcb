/**
 * Steps read no other clock, so a test controls the time.
 * `now` is the time in epoch milliseconds, for records, for people and for services. It may step when somebody sets the machine's clock.
 * `monotonicMs` is milliseconds since an arbitrary moment of this process. It never steps, so measure by it whatever begins and ends in one process.
 */
export type Clock = { now(): number; monotonicMs(): number };
