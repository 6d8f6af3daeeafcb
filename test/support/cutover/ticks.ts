/** How many events the streaming servers of a cutover send for each request. */
export const TICKS = 10;
